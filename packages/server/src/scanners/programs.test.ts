import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ask, basic, readJson, RegistryClient } from '../testing/http-client.ts'
import { openTestServer, type TestServer } from '../testing/open-test-server.ts'
import { debianLayer, pushImage } from '../testing/scan-fixtures.ts'

type Scan = { scanner: string; state: string; reason: string | null; product: string | null }

const slow = 60_000
let folder: string
let server: TestServer

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-programs-'))
})

afterEach(async () => {
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

/**
 * A program in the place of a scanner: it accepts exactly the arguments that `accepts` names, and pulls the manifest with
 * the credentials of its configuration of docker before it prints what it is told to.
 */
async function program(name: string, script: string): Promise<string> {
  const file = join(folder, name)
  await writeFile(
    file,
    `#!${process.execPath}
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const args = process.argv.slice(2)
const leaked = Object.keys(process.env).filter((key) => key.startsWith('BERTH') || key === 'CI_SECRET')
if (leaked.length > 0) { console.error('leaked ' + leaked); process.exit(9) }
async function pull(reference) {
  const [, host, repository, digest] = /^([^/]+)\\/(.+)@(sha256:.+)$/.exec(reference)
  const { auths } = JSON.parse(readFileSync(join(process.env.DOCKER_CONFIG, 'config.json')))
  const headers = { authorization: 'Basic ' + auths[host].auth, accept: 'application/vnd.oci.image.manifest.v1+json' }
  const answer = await fetch('http://' + host + '/v2/' + repository + '/manifests/' + digest, { headers })
  if (answer.status !== 200) { console.error('pull: ' + answer.status); process.exit(3) }
}
function refuse() { console.error('bad arguments: ' + args.join(' ')); process.exit(2) }
${script}
`,
  )
  await chmod(file, 0o755)
  return file
}

const trivyScript = `
if (args[0] === 'version') {
  console.log(JSON.stringify({ Version: '0.74.0', VulnerabilityDB: { UpdatedAt: '2026-11-20T00:00:00Z' } }))
} else {
  const wanted = ['image', '--format=json', '--image-src=remote', '--scanners=vuln', '--skip-db-update',
    '--skip-java-db-update', '--offline-scan', '--skip-version-check', '--disable-telemetry', '--no-progress',
    '--quiet', '--insecure']
  if (args.length !== 14 || wanted.some((one, index) => args[index] !== one)) refuse()
  if (!args[12].startsWith('--cache-dir=/')) refuse()
  pull(args[13]).then(() => console.log(JSON.stringify({ SchemaVersion: 2, CreatedAt: '2026-11-21T00:00:00Z',
    Results: [{ Target: 'app (debian 12)', Vulnerabilities: [
      { VulnerabilityID: 'CVE-2026-1', PkgName: 'openssl', InstalledVersion: '3.0.11-1', FixedVersion: '3.0.13-1',
        Severity: 'HIGH', SeveritySource: 'debian', PrimaryURL: 'https://avd.example/1',
        PkgIdentifier: { PURL: 'pkg:deb/debian/openssl@3.0.11-1' },
        CVSS: { nvd: { V3Score: 7.5, V3Vector: 'CVSS:3.1/N', V2Score: 5 }, ghsa: { V3Score: 9 } } },
      { VulnerabilityID: 'CVE-2026-2', PkgName: 'zlib1g', InstalledVersion: '1', Severity: 'ODD' }] },
      { Target: 'nothing' }] })))
}`

const grypeScript = `
if (process.env.GRYPE_DB_AUTO_UPDATE !== 'false' || process.env.GRYPE_CHECK_FOR_APP_UPDATE !== 'false') refuse()
if (args.join(' ') === 'version --output=json') console.log(JSON.stringify({ version: '0.121.3' }))
else if (args.join(' ') === 'db status --output=json') { console.error('no database'); process.exit(1) }
else {
  if (args.length !== 3 || args[0] !== '--output=json' || args[1] !== '--quiet') refuse()
  const print = (name) => console.log(JSON.stringify({
    descriptor: { name: 'grype', version: '0.121.3', db: { status: { built: '2026-11-19T00:00:00Z' } } },
    matches: [{ vulnerability: { id: 'GHSA-1', severity: 'Critical', fix: { state: 'fixed', versions: ['2.0'] },
      urls: ['https://a.example'], cvss: [] },
      relatedVulnerabilities: [{ id: 'CVE-2026-7', description: 'told there', cvss: [
        { version: '3.1', vector: 'CVSS:3.1/X', metrics: { baseScore: 9.1 } }] }],
      artifact: { name, version: '1.0', purl: 'pkg:x/y', locations: [{ path: '/usr/lib/x' }] } }] }))
  if (args[2].startsWith('registry:')) pull(args[2].slice(9)).then(() => print('pulled'))
  else if (args[2].startsWith('sbom:')) {
    const { bomFormat, components } = JSON.parse(readFileSync(args[2].slice(5)))
    if (bomFormat !== 'CycloneDX') refuse()
    print(components.map((one) => one.name).find((one) => one === 'openssl') ?? 'nothing')
  } else refuse()
}`

async function open(scanners: object, more: object = {}): Promise<string> {
  process.env.CI_SECRET = 'not for programs'
  server = await openTestServer({ scanners, ...more })
  const registry = new RegistryClient(server.url, server.admin)
  return pushImage(registry, 'acme/app', 'v1', [debianLayer({ openssl: '3.0.11-1' })])
}

async function manage<T>(method: string, path: string, body?: object): Promise<T> {
  const answer = await ask(server.url, {
    method,
    path: `/api/v1${path}`,
    headers: {
      authorization: basic(server.admin.name, server.admin.password),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  })
  return readJson<T>(answer)
}

const where = '/repositories/acme%2Fapp/manifests/v1/external-scans'

async function scanned(scanner: string): Promise<Scan | undefined> {
  await manage('POST', where, { scanner })
  for (;;) {
    const { items } = await manage<{ items: Scan[] }>('GET', where)
    const scan = items.find((one) => one.scanner === scanner)
    if (scan?.state === 'done' || scan?.state === 'failed') return scan
    await wait(50)
  }
}

test(
  'Trivy and Grype pull over loopback, and what they say is in one form',
  async () => {
    await open({
      trivy: { program: await program('trivy', trivyScript) },
      grype: { program: await program('grype', grypeScript) },
    })
    expect(await manage('POST', '/system/scanners/trivy/test')).toMatchObject({
      version: '0.74.0',
      databaseUpdatedAt: '2026-11-20T00:00:00.000Z',
    })
    expect(await manage('POST', '/system/scanners/grype/test')).toMatchObject({
      version: '0.121.3',
      databaseUpdatedAt: null,
    })
    expect(await scanned('trivy')).toMatchObject({ state: 'done', product: 'Trivy 0.74.0' })
    expect(await manage('GET', `${where}/trivy/findings`)).toMatchObject({
      items: [
        {
          vulnerability: 'CVE-2026-1',
          severity: 'high',
          score: 7.5,
          vector: 'CVSS:3.1/N',
          links: ['https://avd.example/1'],
          path: 'app (debian 12)',
        },
        { vulnerability: 'CVE-2026-2', severity: 'unknown', fixedVersion: null, score: null },
      ],
    })
    expect(await scanned('grype')).toMatchObject({
      state: 'done',
      product: 'Grype 0.121.3',
      dataBuiltAt: '2026-11-19T00:00:00.000Z',
    })
    expect(await manage('GET', `${where}/grype/findings`)).toMatchObject({
      items: [
        {
          vulnerability: 'CVE-2026-7',
          package: 'pulled',
          fixedVersion: '2.0',
          score: 9.1,
          description: 'told there',
          path: '/usr/lib/x',
        },
      ],
    })
    // Nothing with a token in it is left.
    expect(await readdir(join(server.dataDirectory, 'scanners', 'trivy'))).toEqual(['cache'])
  },
  slow,
)

test(
  'Grype compares what Berth found, where the settings say so',
  async () => {
    await open({ grype: { program: await program('grype', grypeScript), source: 'sbom' } })
    const hasLooked = async () =>
      (
        await manage<{ scans: { state: string }[] }>(
          'GET',
          '/repositories/acme%2Fapp/manifests/v1/scan',
        )
      ).scans[0]?.state === 'catalogued'
    while (!(await hasLooked())) await wait(100)
    expect(await scanned('grype')).toMatchObject({ state: 'done' })
    expect(await manage('GET', `${where}/grype/findings`)).toMatchObject({
      items: [{ package: 'openssl' }],
    })
  },
  slow,
)

test(
  'a program that fails, floods, hangs or is not there is said in words',
  async () => {
    const version = `if (args[0] === 'version') console.log('{"Version":"1"}')\nelse `
    const file = await program('trivy', '')
    await open({ timeoutMinutes: 0.05, trivy: { program: file } })
    const reasons: [string, string][] = [
      [
        '{ console.error("no database here"); process.exit(1) }',
        'ended with the code 1. It says: no database here',
      ],
      ['console.log("this is no JSON")', 'not JSON'],
      ['setInterval(() => {}, 1000)', 'There was no report within'],
      [
        '{ const b = Buffer.alloc(1 << 20, 120); const w = () => process.stdout.write(b, w); w() }',
        'wrote more than',
      ],
    ]
    for (const [script, reason] of reasons) {
      await program('trivy', version + script)
      const scan = await scanned('trivy')
      expect([script, scan?.state, scan?.reason]).toEqual([
        script,
        'failed',
        expect.stringContaining(reason),
      ])
    }
    await rm(file)
    await mkdir(file)
    expect((await scanned('trivy'))?.reason).toContain('setting scanners.trivy.program')
  },
  slow,
)
