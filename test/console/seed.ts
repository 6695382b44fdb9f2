import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Berth } from '../tools/berth.ts'
import { mustRun, requireTool } from '../tools/process.ts'
import { writeAdvisories } from './advisories.ts'
import { hostile, pushes } from './content.ts'
import { writeLayout } from './images.ts'

const command = join(import.meta.dirname, '../../packages/cli/src/main.js')

/** Who sits before the console in the tests. All have the password {@link password}. */
export const password = 'heron basalt umbrella'
const roles = {
  /** Administrator of the instance. */
  admin: { instance: 'admin', acme: undefined },
  /** Sees everything of the instance, changes nothing. */
  auditor: { instance: 'auditor', acme: undefined },
  /** Owner of the project acme. */
  owner: { instance: 'none', acme: 'admin' },
  maintainer: { instance: 'none', acme: 'maintainer' },
  developer: { instance: 'none', acme: 'developer' },
  reader: { instance: 'none', acme: 'reader' },
  /** Signed in, with no role anywhere. */
  stranger: { instance: 'none', acme: undefined },
} as const
export type Role = keyof typeof roles

/** Calls the management API as the administrator. Throws when it is refused. */
export async function manage(
  berth: Berth,
  method: string,
  path: string,
  body?: object | Buffer,
): Promise<Record<string, unknown>> {
  const isBytes = Buffer.isBuffer(body)
  const basic = Buffer.from(`${berth.username}:${berth.password}`).toString('base64')
  const response = await fetch(`${berth.origin}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Basic ${basic}`,
      'content-type': isBytes ? 'application/zstd' : 'application/json',
    },
    ...(body !== undefined && { body: isBytes ? new Uint8Array(body) : JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
}

/** Fills a Berth with what a small company would have, through the clients that it would use. */
export async function seed(berth: Berth): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'berth-seed-'))
  try {
    await makePeople(berth)
    await importAdvisories(berth, scratch)
    await pushImages(berth, scratch)
    await scanned(berth)
    await judge(berth)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function makePeople(berth: Berth): Promise<void> {
  await manage(berth, 'POST', '/projects', { name: 'acme', visibility: 'private' })
  await manage(berth, 'POST', '/projects', { name: 'acme/ml', visibility: 'private' })
  await manage(berth, 'POST', '/projects', { name: 'library', visibility: 'public' })
  for (const [name, { instance, acme }] of Object.entries(roles)) {
    if (name !== 'admin') await manage(berth, 'POST', '/users', { name, password, role: instance })
    if (acme !== undefined) {
      await manage(berth, 'PUT', `/projects/acme/members/user/${name}`, { role: acme })
    }
  }
  await manage(berth, 'POST', '/groups', { name: 'platform' })
  await manage(berth, 'PUT', '/groups/platform/members/developer')
  await manage(berth, 'PUT', '/projects/acme%2Fml/members/group/platform', { role: 'maintainer' })
  await manage(berth, 'PUT', '/projects/acme/quota', { bytes: 2_000_000_000, repositories: 50 })
}

async function importAdvisories(berth: Berth, scratch: string): Promise<void> {
  const folder = join(scratch, 'Debian')
  await writeAdvisories(folder)
  const archive = join(scratch, 'advisories.tar.zst')
  const env = { BERTH_ADVISORIES: join(scratch, 'advisories'), XDG_CONFIG_HOME: scratch }
  await mustRun(process.execPath, [command, 'advisories', 'import', folder], { env })
  await mustRun(process.execPath, [command, 'advisories', 'export', archive], { env })
  await manage(berth, 'PUT', '/advisories/archive', await readFile(archive))
}

async function pushImages(berth: Berth, scratch: string): Promise<void> {
  for (const [index, { repository, tags, images }] of pushes.entries()) {
    await push(berth, join(scratch, `layout-${index}`), { repository, tags, images })
  }
}

/** Pushes images by a real client, under each of the tags. The folder is made. */
export async function push(
  berth: Berth,
  folder: string,
  { repository, tags, images }: (typeof pushes)[number],
): Promise<void> {
  await writeLayout(folder, images)
  const to = ['--dest-tls-verify=false', '--dest-creds', `${berth.username}:${berth.password}`]
  for (const tag of tags) {
    const target = `docker://${berth.host}/${repository}:${tag}`
    const args = ['copy', '--quiet', '--all', ...to, `oci:${folder}:latest`, target]
    await mustRun(requireTool('skopeo'), args)
  }
}

/** Until every image was scanned. */
async function scanned(berth: Berth): Promise<void> {
  const deadline = Date.now() + 90_000
  for (const { repository, tags } of pushes) {
    const path = `/repositories/${encodeURIComponent(repository)}/manifests/${tags[0]}/scan`
    for (;;) {
      const { scans } = (await manage(berth, 'GET', path)) as {
        scans: { state: string; matchedAt: string | null }[]
      }
      const isDone = ({ state, matchedAt }: { state: string; matchedAt: string | null }) =>
        matchedAt !== null || state === 'failed' || state === 'unsupported'
      if (scans.length > 0 && scans.every(isDone)) break
      if (Date.now() > deadline) throw new Error(`${repository} was not scanned`)
      await sleep(150)
    }
  }
}

const policy = `apiVersion: berth/v1
rules:
  # Nothing goes out that anyone on the network can take over.
  - name: no-critical
    on: [pull]
    maximumCvss: { score: 8.9 }
  - name: mended-in-time
    mode: warn
    sla: { critical: 7d, high: 30d, medium: 90d }
  - name: signed
    mode: warn
    on: [pull]
    signedBy: { identities: [release] }
`

/** Signatures, a bill of materials, a policy, an exception, a statement, and what a stranger wrote. */
async function judge(berth: Berth): Promise<void> {
  const api = '/repositories/acme%2Fapi'
  await manage(berth, 'POST', '/projects/acme/signing-keys', { name: 'release' })
  await manage(berth, 'POST', `${api}/manifests/1.10.0/signatures`, { key: 'release' })
  await manage(berth, 'POST', `${api}/manifests/1.0.0/signatures`, { key: 'release' })
  await manage(berth, 'POST', `${api}/manifests/1.0.0/sbom`, { format: 'spdx' })
  await manage(berth, 'PUT', '/projects/acme/policy', { document: policy })
  await manage(berth, 'POST', '/projects/acme/policy-exceptions', {
    vulnerability: 'CVE-2022-37434',
    repositories: 'acme/worker',
    reason: 'The worker never inflates what comes from outside.',
    endsAt: new Date(Date.now() + 5 * 86_400_000).toISOString(),
  })
  await manage(berth, 'POST', '/projects/acme/vex-statements', {
    vulnerability: 'CVE-2019-8457',
    status: 'not_affected',
    justification: 'vulnerable_code_not_present',
    statement: 'The extension is not built.',
  })
  await manage(berth, 'POST', '/projects/acme/robots', {
    name: 'deploy',
    actions: ['pull'],
  })
  await manage(berth, 'POST', '/projects/acme/immutability-rules', {
    effect: 'immutable',
    repositories: '**',
    tags: '2.*',
  })
  await manage(berth, 'PATCH', '/repositories/acme%2Fapi', {
    description: 'The public API of the shop',
    readme:
      '# api\n\nServes the shop over HTTP.\n\n## Run it\n\n```sh\ndocker run -p 8080:8080 registry/acme/api:latest\n```\n\n| variable | meaning |\n|---|---|\n| `LOG_LEVEL` | `debug`, `info`, `warn` |\n',
  })
  await manage(berth, 'PATCH', '/repositories/acme%2Fhostile', {
    description: '<script>document.title="run"</script> \u202eReversed',
    readme: hostile.readme,
  })
}
