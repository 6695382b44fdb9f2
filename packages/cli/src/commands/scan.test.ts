import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tar from 'tar-stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Berth, startBerth } from '../../../../test/tools/berth.ts'
import { makeHome } from '../testing/logged-in.ts'
import { ImagePusher } from '../testing/push-images.ts'
import { runCommand } from '../testing/run-command.ts'

type Found = { findings: { vulnerability: string; fixedVersion?: string }[] }

let berth: Berth
let home: Awaited<ReturnType<typeof makeHome>>
let pusher: ImagePusher
let scratch: string
const run = (...argv: string[]) => runCommand(argv, { env: home.env, cwd: scratch })

const osRelease = `ID=debian
VERSION_ID="11"
VERSION_CODENAME=bullseye
PRETTY_NAME="Debian GNU/Linux 11 (bullseye)"
`
const status = (version: string) => `Package: zlib1g
Status: install ok installed
Maintainer: Mark Brown <broonie@debian.org>
Architecture: amd64
Source: zlib
Version: ${version}

`

async function layerOf(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const pack = tar.pack()
  for (const [name, text] of Object.entries(files)) pack.entry({ name }, text)
  pack.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of pack) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

async function push(tag: string, version: string): Promise<string> {
  const layers = [
    await layerOf({ 'etc/os-release': osRelease }),
    await layerOf({ 'var/lib/dpkg/status': status(version) }),
  ]
  const diffIds = layers.map(
    (layer) => `sha256:${createHash('sha256').update(layer).digest('hex')}`,
  )
  const config = {
    os: 'linux',
    architecture: 'amd64',
    config: { User: '1000' },
    rootfs: { type: 'layers', diff_ids: diffIds },
  }
  await pusher.image({ config, layers }, [tag])
  return `${berth.host}/acme/api:${tag}`
}

const advisory = (fixed: string) => ({
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
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed }] }],
    },
  ],
})

beforeAll(async () => {
  berth = await startBerth()
  home = await makeHome({ [berth.host]: berth })
  pusher = new ImagePusher({ ...berth, repository: 'acme/api' })
  scratch = await mkdtemp(join(tmpdir(), 'berth-scan-'))
  await mkdir(join(scratch, 'Debian'))
  await writeFile(
    join(scratch, 'Debian', 'DSA-5218-1.json'),
    JSON.stringify(advisory('1:1.2.11.dfsg-2+deb11u2')),
  )
})

afterAll(async () => {
  pusher.close()
  await berth.stop()
  await home.remove()
  await rm(scratch, { recursive: true, force: true })
})

describe('berth scan, sbom and advisories', () => {
  test('without advisories a scan says so and fails; with them it finds, and tells what mends', async () => {
    const old = await push('old', '1:1.2.11.dfsg-2+deb11u1')
    const none = await run('scan', old)
    expect(none.code).toBe(11)
    expect(none.stderr).toContain('berth advisories import')

    const imported = await run('advisories', 'import', 'Debian')
    expect(imported.code, imported.stderr).toBe(0)
    expect((await run('advisories', 'status')).stdout).toContain('osv/Debian')

    const found = await run('--json', 'scan', old)
    expect(found.code, found.stderr).toBe(0)
    expect(found.json<Found>().findings).toMatchObject([
      { vulnerability: 'CVE-2022-37434', fixedVersion: '1:1.2.11.dfsg-2+deb11u2' },
    ])
    const table = await run('scan', old, '--fail-on', 'critical')
    expect(table.code).toBe(9)
    expect(table.stdout).toMatch(/critical\s+9\.8\s+CVE-2022-37434\s+zlib1g/)
    const mended = await run(
      'scan',
      await push('new', '1:1.2.11.dfsg-2+deb11u2'),
      '--fail-on',
      'low',
    )
    expect(mended.code, mended.stderr).toBe(0)
    expect(mended.stdout).toContain('1 package, Debian GNU/Linux 11 (bullseye)')
  })

  test('reports of other tools, into a file and out of a pipe', async () => {
    const image = await push('report', '1:1.2.11.dfsg-2+deb11u1')
    const written = await run('scan', image, '--format', 'sarif', '--output', 'api.sarif')
    expect(written.code, written.stderr).toBe(0)
    const sarif = JSON.parse(await readFile(join(scratch, 'api.sarif'), 'utf8')) as {
      version: string
    }
    expect(sarif.version).toBe('2.1.0')
    const trivy = await run('scan', image, '--format', 'trivy')
    expect(trivy.json<{ SchemaVersion: number }>().SchemaVersion).toBe(2)
    const unknown = await run('scan', image, '--format', 'pdf')
    expect(unknown.code).toBe(2)
  })

  test('an SBOM goes out, comes back in with the same findings, and is attached', async () => {
    const image = await push('sbom', '1:1.2.11.dfsg-2+deb11u1')
    for (const format of ['spdx', 'cyclonedx']) {
      const file = `api.${format}.json`
      const written = await run('sbom', image, '--format', format, '--output', file)
      expect(written.code, written.stderr).toBe(0)
      const again = await run('--json', 'scan', `sbom:${file}`)
      expect(again.json<Found>().findings.map(({ vulnerability }) => vulnerability)).toEqual([
        'CVE-2022-37434',
      ])
    }
    const attached = await run('--json', 'sbom', image, '--attach')
    expect(attached.code, attached.stderr).toBe(0)
    const inspected = await run('inspect', image)
    expect(inspected.stdout).toContain('SBOM (SPDX)')
    const diff = await run('sbom', await push('next', '1:1.3-1'), '--diff', image)
    expect(diff.stdout).toMatch(/newer\s+deb\s+zlib1g\s+1:1\.2\.11\.dfsg-2\+deb11u1\s+1:1\.3-1/)
  })

  test('advisories travel by archive and by registry, and a broken one changes nothing', async () => {
    const other = join(scratch, 'other.db')
    expect((await run('advisories', 'export', 'all.tar.zst')).code).toBe(0)
    expect((await run('advisories', 'import', 'all.tar.zst', '--advisories', other)).code).toBe(0)
    const reference = `${berth.host}/security/advisories:latest`
    const pushed = await run('advisories', 'push', reference)
    expect(pushed.code, pushed.stderr).toBe(0)
    const pulled = await run(
      'advisories',
      'pull',
      reference,
      '--advisories',
      join(scratch, 'third.db'),
    )
    expect(pulled.code, pulled.stderr).toBe(0)
    expect(pulled.stdout).toContain('osv/Debian')

    const bytes = await readFile(join(scratch, 'all.tar.zst'))
    await writeFile(join(scratch, 'broken.tar.zst'), bytes.subarray(0, bytes.length / 2))
    const broken = await run('advisories', 'import', 'broken.tar.zst', '--advisories', other)
    expect(broken.code).not.toBe(0)
    expect(broken.stderr).toContain('still in force')
    expect((await run('advisories', 'status', '--advisories', other)).code).toBe(0)
  })
})

describe('berth policy and berth why', () => {
  test('a policy is tried, set, explained, let pass, and removed', async () => {
    const image = await push('policy', '1:1.2.11.dfsg-2+deb11u1')
    const place = `${berth.host}/acme`
    await writeFile(
      join(scratch, 'policy.yaml'),
      'apiVersion: berth/v1\nrules:\n  - name: small\n    on: [pull]\n    maximumSize:\n      size: 1B\n',
    )
    const tried = await run('policy', 'test', place, 'policy.yaml')
    expect(tried.code, tried.stderr).toBe(9)
    expect(tried.stdout).toContain('small')
    expect((await run('why', image)).code).toBe(0)

    const set = await run('policy', 'set', place, 'policy.yaml')
    expect(set.code, set.stderr).toBe(0)
    const why = await run('why', image)
    expect(why.code).toBe(9)
    expect(why.stdout).toMatch(/is blocked[\s\S]*small/)
    const passing = ['--rule', 'small', '--until', '2029-01-31', '--reason', 'until it is smaller']
    const allowed = await run('policy', 'allow', place, ...passing)
    expect(allowed.code, allowed.stderr).toBe(0)
    expect((await run('why', image)).stdout).toContain('until it is smaller')
    expect((await run('policy', 'exceptions', place)).stdout).toContain('2029-01-31')

    await writeFile(join(scratch, 'wrong.yaml'), 'apiVersion: berth/v1\nrulez: []\n')
    const wrong = await run('policy', 'set', place, 'wrong.yaml')
    expect(wrong.code).toBe(2)
    expect(wrong.stderr).toContain('rulez')
    expect((await run('policy', 'show', place)).stdout).toContain('maximumSize')
    expect((await run('policy', 'remove', place)).code).toBe(0)
    expect((await run('why', image)).stdout).toContain('No policy holds here')
  })
})
