import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Berth, startBerth } from '../tools/berth.ts'
import { type CommandResult, requireTool, run } from '../tools/process.ts'
import { BuildProject } from './build-project.ts'

const keyPassword = 'a key of a test'
const reader = { username: 'puller', password: 'heron basalt umbrella' }
const broken = '1:1.2.11.dfsg-2+deb11u1'
const mended = '1:1.2.11.dfsg-2+deb11u2'

let berth: Berth
let project: BuildProject
let scratch: string
let image: string

const advisory = {
  schema_version: '1.7.0',
  id: 'DSA-5218-1',
  upstream: ['CVE-2022-37434'],
  published: '2022-08-22T00:00:00Z',
  modified: '2022-08-22T00:00:00Z',
  summary: 'zlib - security update',
  severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
  affected: [
    {
      package: { ecosystem: 'Debian:11', name: 'zlib' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: mended }] }],
    },
  ],
}

const policy = `apiVersion: berth/v1
rules:
  - name: signed
    on: [pull]
    signedBy: { identities: [release] }
  - name: no-critical
    on: [pull]
    maximumCvss: { score: 8.9 }
`

/** An image of Debian 11 as far as a scanner can tell. */
function files(version: string): Record<string, string> {
  return {
    'berth.yaml':
      'registry: ${REGISTRY}\nrepository: acme\nsupplyChain: { scan: critical, sign: release.key }\nservices:\n  api: { context: api, tags: [semver] }\n',
    '.gitignore': 'release.*\n',
    'api/Dockerfile': 'FROM scratch\nCOPY root /\nUSER 1000\n',
    'api/root/etc/os-release':
      'ID=debian\nVERSION_ID="11"\nVERSION_CODENAME=bullseye\nPRETTY_NAME="Debian GNU/Linux 11 (bullseye)"\n',
    'api/root/var/lib/dpkg/status': `Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nSource: zlib\nVersion: ${version}\n\n`,
  }
}

async function call(method: string, path: string, body?: object | Buffer): Promise<string> {
  const isBytes = Buffer.isBuffer(body)
  const response = await fetch(`${berth.origin}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(`${berth.username}:${berth.password}`).toString('base64')}`,
      'content-type': isBytes ? 'application/zstd' : 'application/json',
    },
    ...(body !== undefined && { body: isBytes ? new Uint8Array(body) : JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`)
  return text
}

const command = (...args: readonly string[]): Promise<CommandResult> =>
  project.berth(args, { BERTH_KEY_PASSWORD: keyPassword })

async function must(...args: readonly string[]): Promise<CommandResult> {
  const result = await command(...args)
  expect(result.status, result.output).toBe(0)
  return result
}

const cosign = (reference: string): Promise<CommandResult> =>
  run(
    requireTool('cosign'),
    ['verify', '--key', 'release.pub', '--insecure-ignore-tlog=true', reference],
    { cwd: project.folder, env: project.env },
  )

/** What somebody sees who may read the project and nothing more. */
async function pull(tool: 'skopeo' | 'crane', tag: string): Promise<CommandResult> {
  const folder = await mkdtemp(join(scratch, 'pulled-'))
  const { username, password } = reader
  if (tool === 'skopeo') {
    const source = ['--src-tls-verify=false', '--src-creds', `${username}:${password}`]
    const target = `oci:${folder}:pulled`
    return run(requireTool('skopeo'), ['copy', ...source, `docker://${image}:${tag}`, target])
  }
  const auth = Buffer.from(`${username}:${password}`).toString('base64')
  await writeFile(
    join(folder, 'config.json'),
    JSON.stringify({ auths: { [berth.host]: { auth } } }),
  )
  const args = ['pull', '--insecure', `${image}:${tag}`, join(folder, 'pulled.tar')]
  return run(requireTool('crane'), args, { env: { DOCKER_CONFIG: folder } })
}

/** Until Berth has scanned it by itself. */
async function waitForScan(tag: string): Promise<void> {
  const deadline = Date.now() + 60_000
  let last = ''
  while (Date.now() < deadline) {
    last = await call('GET', `/repositories/acme%2Fapi/manifests/${tag}/scan`)
    const { scans } = JSON.parse(last) as { scans: { matchedAt: string | null }[] }
    if (scans.length > 0 && scans.every(({ matchedAt }) => matchedAt !== null)) return
    await sleep(200)
  }
  throw new Error(`${tag} was not scanned: ${last}`)
}

beforeAll(async () => {
  berth = await startBerth()
  project = await BuildProject.open(berth)
  scratch = await mkdtemp(join(tmpdir(), 'berth-supply-chain-'))
  image = `${berth.host}/acme/api`
  await call('POST', '/projects', { name: 'acme', visibility: 'private' })
  await call('POST', '/users', { name: reader.username, password: reader.password })
  await call('PUT', `/projects/acme/members/user/${reader.username}`, { role: 'reader' })
  await mkdir(join(project.folder, 'Debian'))
  await writeFile(join(project.folder, 'Debian/DSA-5218-1.json'), JSON.stringify(advisory))
})

afterAll(async () => {
  await project?.close()
  await berth?.stop()
  if (scratch !== undefined) await rm(scratch, { recursive: true, force: true })
})

describe('from a broken image to one that may be pulled', () => {
  test('advisories come in, and reach the server by an archive', async () => {
    expect((await must('advisories', 'import', 'Debian')).stdout).toContain('osv/Debian')
    const archive = join(scratch, 'advisories.tar.zst')
    await must('advisories', 'export', archive)
    await call('PUT', '/advisories/archive', await readFile(archive))
    const status = await must('advisories', 'status', '--registry', berth.host)
    expect(status.stdout).toContain('osv/Debian')
  })

  test('a key is made, and the project trusts it', async () => {
    await must('sign', '--generate-key', 'release')
    const publicKey = await readFile(join(project.folder, 'release.pub'), 'utf8')
    const identity = { kind: 'key', publicKey }
    await call('POST', '/projects/acme/trusted-identities', { name: 'release', identity })
  })

  test('a build with a critical finding pushes, says why it does not sign, and ends with 9', async () => {
    await project.write(files(broken))
    await project.commit()
    const built = await command('build', '--json', '--builder', 'buildah', '--version', '1.0.0')
    expect(built.status, built.output).toBe(9)
    expect(built.output).toContain('It is pushed, but not signed.')
    expect(built.output).toContain(`critical CVE-2022-37434: zlib1g ${broken}, mended in ${mended}`)
    const { services } = JSON.parse(built.stdout) as { services: object[] }
    expect(services).toMatchObject([
      {
        state: 'pushed',
        signature: null,
        scan: { passed: false, failOn: 'critical' },
        fault: null,
      },
    ])
    expect((await cosign(`${image}:1.0.0`)).status).not.toBe(0)
  })

  test('scan, SBOM and signature by hand; cosign verifies it', async () => {
    const scan = await command('scan', `${image}:1.0.0`, '--fail-on', 'critical')
    expect(scan.status, scan.output).toBe(9)
    expect(scan.stdout).toMatch(/critical +9\.8 +CVE-2022-37434 +zlib1g/)
    await must('sbom', `${image}:1.0.0`, '--attach')
    expect((await must('inspect', `${image}:1.0.0`)).stdout).toContain('SBOM (SPDX)')
    await must('sign', '--key', 'release.key', `${image}:1.0.0`)
    const verified = await cosign(`${image}:1.0.0`)
    expect(verified.status, verified.output).toBe(0)
    await must('verify', '--signatures-only', '--key', 'release.pub', `${image}:1.0.0`)
  })

  test('a policy is tried first, then blocks the pull with its reason on the screen', async () => {
    await waitForScan('1.0.0')
    await writeFile(join(scratch, 'policy.yaml'), policy)
    const place = `${berth.host}/acme`
    const tried = await command('policy', 'test', place, join(scratch, 'policy.yaml'))
    expect(tried.status, tried.output).toBe(9)
    expect(tried.stdout).toContain('no-critical: CVE-2022-37434 in deb:zlib1g')
    expect((await pull('skopeo', '1.0.0')).status).toBe(0)
    await must('policy', 'set', place, join(scratch, 'policy.yaml'))
    for (const tool of ['skopeo', 'crane'] as const) {
      const blocked = await pull(tool, '1.0.0')
      expect(blocked.status, blocked.output).not.toBe(0)
      expect(blocked.output).toMatch(/blocked by Berth policy \\*"no-critical\\*"/)
      expect(blocked.output).toContain('CVE-2022-37434')
      expect(blocked.output).toContain(mended)
      expect(blocked.output).not.toMatch(/policy \\*"signed\\*"/)
    }
    const why = await command('why', `${image}:1.0.0`)
    expect(why.status).toBe(9)
    expect(why.stdout).toMatch(/is blocked[\s\S]*no-critical[\s\S]*signature of release/)
  })

  test('an exception lets it pass until it ends', async () => {
    const until = new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10)
    const place = `${berth.host}/acme`
    const what = [
      '--vulnerability',
      'CVE-2022-37434',
      '--until',
      until,
      '--reason',
      'not reachable',
    ]
    const allowed = await must('--json', 'policy', 'allow', place, ...what)
    const pulled = await pull('crane', '1.0.0')
    expect(pulled.status, pulled.output).toBe(0)
    expect((await must('why', `${image}:1.0.0`)).stdout).toContain('not reachable')
    const { id } = JSON.parse(allowed.stdout) as { id: string }
    await must('policy', 'disallow', place, id)
    expect((await pull('crane', '1.0.0')).status).not.toBe(0)
  })

  test('the mended image is signed by its build, and passes; one that is not signed does not', async () => {
    await project.write(files(mended))
    await project.commit()
    const built = await must('build', '--builder', 'buildah', '--version', '1.0.1')
    expect(built.stdout).toMatch(/api linux\/amd64: no finding in 1 package/)
    expect(built.stdout).toMatch(/api: signed by sha256:[0-9a-f]{64}/)
    expect((await cosign(`${image}:1.0.1`)).status).toBe(0)
    await waitForScan('1.0.1')
    const pulled = await pull('skopeo', '1.0.1')
    expect(pulled.status, pulled.output).toBe(0)

    await project.write({ 'api/root/etc/stage': 'unsigned\n' })
    await must('build', '--builder', 'buildah', '--version', '1.0.2', '--no-sign')
    await waitForScan('1.0.2')
    const blocked = await pull('skopeo', '1.0.2')
    expect(blocked.status).not.toBe(0)
    expect(blocked.output).toMatch(/blocked by Berth policy \\*"signed\\*"/)
  })
})
