import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Berth } from '../tools/berth.ts'
import { stateBuild } from './attestations.ts'
import { manage, password, push } from './seed.ts'

/** A mark that turns the direction of what follows. */
const turn = '\u202e'
/** Markup that would show itself as an element, and scripts that would run: they tell `berthRan`. */
const markup = `<b>bold</b><img src=x onerror="berthRan=1"><script>berthRan=1</script>${turn}turned`
const long = 'long'.repeat(2500)

/** Everything that somebody may write who wishes the reader ill, in each place that takes free text. */
export async function writeHostile(berth: Berth): Promise<{ userCode: string }> {
  await pushHostile(berth)
  await pushArtifact(berth)
  await stateHostile(berth)
  await Promise.all([
    manage(berth, 'PATCH', '/projects/acme', { description: markup }),
    manage(berth, 'POST', '/projects/acme/robots', {
      name: 'r'.repeat(64),
      description: `${markup}${long.slice(0, 120)}`,
      actions: ['pull'],
      repositories: [`**/${long.slice(0, 200)}`],
    }),
    manage(berth, 'POST', '/projects/acme/policy-exceptions', {
      vulnerability: `<b>${turn}CVE`,
      package: `deb:${markup}`,
      reason: `${markup}${long.slice(0, 800)}`,
      endsAt: new Date(Date.now() + 86_400_000).toISOString(),
    }),
    manage(berth, 'POST', '/projects/acme/vex-statements', {
      vulnerability: 'CVE-2020-99001',
      status: 'not_affected',
      justification: 'vulnerable_code_not_present',
      statement: `${markup}${long.slice(0, 800)}`,
    }),
    manage(berth, 'POST', '/projects/acme/trusted-identities', {
      name: 's'.repeat(63),
      identity: {
        kind: 'keyless',
        issuer: `https://example.com/${long.slice(0, 900)}`,
        subject: `${markup}${long.slice(0, 800)}`,
      },
    }),
    manage(berth, 'POST', '/groups', { name: `g${'-group'.repeat(10)}` }),
  ])
  await signInAsStranger(berth)
  const { userCode } = await manageText(berth, '/auth/device', {
    clientName: '<b>bold</b><script>berthRan=1</script>',
  })
  return { userCode: String(userCode) }
}

/** Somebody whose name and browser are not what they seem, and somebody who tries names that nobody has. */
async function signInAsStranger(berth: Berth): Promise<void> {
  await manage(berth, 'POST', '/users', { name: 'mallory', password, displayName: markup })
  const agent = `<b>bold</b><script>berthRan=1</script>${long.slice(0, 400)}`
  await manageText(berth, '/session', { name: 'mallory', password }, { 'user-agent': agent })
  await fetch(`${berth.origin}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: `${markup}${long.slice(0, 100)}`, password: 'wrong' }),
  })
}

async function manageText(
  berth: Berth,
  path: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  const response = await fetch(`${berth.origin}/api/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`)
  return JSON.parse(text) as Record<string, unknown>
}

/** A provenance that anybody may have written. */
function stateHostile(berth: Berth): Promise<void> {
  return stateBuild(berth, 'acme/hostile', 'y', {
    buildDefinition: {
      buildType: 'javascript:berthRan=1',
      externalParameters: {
        configSource: { uri: markup, digest: { [markup]: markup }, path: long.slice(0, 4000) },
      },
      resolvedDependencies: [
        { uri: markup, digest: { sha256: markup } },
        { name: long.slice(0, 4000) },
      ],
    },
    runDetails: {
      builder: { id: `https://example.com/${turn}${markup}` },
      metadata: { invocationId: long.slice(0, 4000) },
    },
  })
}

/** An image in whose every field stands what should not. */
async function pushHostile(berth: Berth): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-hostile-'))
  const status = [
    { name: `perl-${markup}`, version: `5.0${markup}` },
    { name: long, version: long },
  ].map(
    ({ name, version }) =>
      `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nSource: perl\nVersion: ${version}\n`,
  )
  const values = {
    [markup]: markup,
    [long]: long,
    'org.opencontainers.image.source': 'javascript:berthRan=1',
    'org.opencontainers.image.url': 'data:text/html,<script>berthRan=1</script>',
  }
  const image = {
    created: '2026-01-01T00:00:00Z',
    layers: [
      {
        instruction: `RUN ${markup} ${long}`,
        files: {
          'etc/os-release': `ID=debian\nVERSION_ID="11"\nPRETTY_NAME="${markup.replaceAll('"', '')}"\n`,
          'var/lib/dpkg/status': `${status.join('\n')}\n`,
          [`b/${markup.replaceAll('/', '')}`]: 'x',
          [`b/${long.slice(0, 240)}`]: 'y',
        },
      },
    ],
    architecture: `<b>arm${turn}`,
    annotations: values,
    config: {
      User: markup,
      WorkingDir: `/${long}`,
      Entrypoint: [markup, long],
      Cmd: [markup],
      Env: [`A=${markup}`, `${markup}=1`, `LONG=${long}`],
      ExposedPorts: { [markup]: {} },
      Volumes: { [`/${long}`]: {} },
      StopSignal: markup,
      Labels: values,
    },
  }
  await push(berth, folder, { repository: 'acme/hostile', tags: ['y'], images: [image] })
  await rm(folder, { recursive: true, force: true })
}

/** Something that refers to the image of the seed, of a kind that nobody knows. */
async function pushArtifact(berth: Berth): Promise<void> {
  const basic = Buffer.from(`${berth.username}:${berth.password}`).toString('base64')
  const base = `${berth.origin}/v2/acme/hostile`
  const send = async (method: string, path: string, type: string, body?: string) => {
    const response = await fetch(`${base}${path}`, {
      method,
      headers: { authorization: `Basic ${basic}`, 'content-type': type },
      ...(body !== undefined && { body }),
    })
    if (!response.ok)
      throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    return response
  }
  const manifestType = 'application/vnd.oci.image.manifest.v1+json'
  const subject = await manage(berth, 'GET', '/repositories/acme%2Fhostile/manifests/y')
  const empty = {
    mediaType: 'application/vnd.oci.empty.v1+json',
    digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
    size: 2,
  }
  await send('POST', `/blobs/uploads/?digest=${empty.digest}`, 'application/octet-stream', '{}')
  const manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    artifactType: `application/vnd.${'long-'.repeat(20)}x`,
    config: empty,
    layers: [empty],
    subject: { mediaType: manifestType, digest: subject['digest'], size: subject['size'] },
    annotations: { [markup]: markup, [long]: long },
  }
  await send('PUT', '/manifests/z', manifestType, JSON.stringify(manifest))
}
