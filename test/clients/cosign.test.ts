import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeSmallLayouts, type SmallLayouts } from '../fixtures/layout.ts'
import { mustRun, requireTool, run, type CommandResult } from '../tools/process.ts'
import { expectRefusal, expectSuccess, refusal, unknownAuthority } from './behaviour.ts'
import {
  describeClient,
  expectComplete,
  startRegistry,
  startTlsRegistry,
  uploadTraffic,
  type Registry,
} from './registry.ts'

describeClient('cosign', ['cosign', 'crane'], () => {
  let registry: Registry
  let layouts: SmallLayouts

  const cosign = (args: string[], more: Record<string, string> = {}): Promise<CommandResult> =>
    run(requireTool('cosign'), args, {
      cwd: registry.scratch,
      env: {
        DOCKER_CONFIG: join(registry.scratch, 'docker'),
        HOME: registry.scratch,
        COSIGN_PASSWORD: 'a key of a test',
        ...more,
      },
      timeoutSeconds: 60,
    })
  const crane = (args: string[], more: Record<string, string> = {}): Promise<string> =>
    mustRun(requireTool('crane'), args, {
      env: { DOCKER_CONFIG: join(registry.scratch, 'docker'), ...more },
    })
  /** Signs and verifies with a key of our own: no transparency log, no network. */
  const offline = [
    '--key',
    'cosign.key',
    '--yes',
    '--tlog-upload=false',
    '--use-signing-config=false',
  ]
  const verifying = ['--key', 'cosign.pub', '--insecure-ignore-tlog=true']
  const image = (repository: string): string =>
    `${registry.host}/${repository}@${layouts.image.root.digest}`

  beforeAll(async () => {
    registry = await startRegistry()
    await mkdir(join(registry.scratch, 'docker'))
    layouts = await writeSmallLayouts(join(registry.scratch, 'layouts'), 'cosign')
    expectSuccess(await cosign(['generate-key-pair']))
    const { host, username, password } = registry
    await crane(['auth', 'login', host, '-u', username, '-p', password])
    for (const repository of ['team/new', 'team/tags']) {
      await crane(['push', layouts.image.directory, `${host}/${repository}:latest`])
    }
  })

  afterAll(() => registry?.stop())

  test('a wrong password is refused with a message that says so', async () => {
    const user = ['--registry-username', registry.username]
    const wrong = [...user, '--registry-password', 'not the password']
    expectRefusal(await cosign(['sign', ...offline, ...wrong, image('team/new')]), refusal)
  })

  test('login stores the credentials', async () => {
    const { host, username, password } = registry
    expectSuccess(await cosign(['login', host, '--username', username, '--password', password]))
  })

  test('an image without a signature does not verify', async () => {
    const result = await cosign(['verify', ...verifying, image('team/new')])
    expectRefusal(result, /no (matching )?signatures|no signatures found/i)
  })

  test('a signature is stored as a referrer, found again and verified', async () => {
    expectSuccess(await cosign(['sign', ...offline, image('team/new')]))
    const verified = await cosign(['verify', ...verifying, image('team/new')])
    expectSuccess(verified)
    expect(verified.output).toContain(layouts.image.root.digest)
    const path = `/v2/team/new/referrers/${layouts.image.root.digest}`
    const answer: { manifests: { artifactType: string; digest: string }[] } = JSON.parse(
      await (await registry.send('GET', path)).text(),
    )
    expect(answer.manifests.map((entry) => entry.artifactType)).toEqual([
      'application/vnd.dev.sigstore.bundle.v0.3+json',
    ])
    const signature = answer.manifests[0]?.digest ?? ''
    expect(await expectComplete(registry, 'team/new', signature)).toBe(signature)
  })

  test('a signature in the older form, a tag, is stored and verified', async () => {
    const older = [...offline, '--new-bundle-format=false']
    expectSuccess(await cosign(['sign', ...older, image('team/tags')]))
    const tag = `${layouts.image.root.digest.replace(':', '-')}.sig`
    expect(await expectComplete(registry, 'team/tags', tag)).toMatch(/^sha256:/)
    const args = ['verify', ...verifying, '--new-bundle-format=false', image('team/tags')]
    expectSuccess(await cosign(args))
  })

  test('an attestation is attached and verified', async () => {
    const about = ['--predicate', join(layouts.image.directory, 'oci-layout'), '--type', 'custom']
    expectSuccess(await cosign(['attest', ...offline, ...about, image('team/new')]))
    const args = ['verify-attestation', ...verifying, '--type', 'custom', image('team/new')]
    expectSuccess(await cosign(args))
  })

  test('an image is copied with its signature by mounting', async () => {
    registry.proxy.clear()
    const target = `${registry.host}/elsewhere/tags:latest`
    expectSuccess(await cosign(['copy', `${registry.host}/team/tags:latest`, target]))
    const { blobBytes, mounts } = uploadTraffic(registry.proxy.requests)
    expect(mounts).toBeGreaterThanOrEqual(layouts.image.diffIds.length)
    expect(blobBytes).toBeLessThan(10_000)
    const tag = `${layouts.image.root.digest.replace(':', '-')}.sig`
    expect(await expectComplete(registry, 'elsewhere/tags', tag)).toMatch(/^sha256:/)
  })

  test('a deleted signature no longer verifies', async () => {
    expectSuccess(await cosign(['clean', '--force', '--type', 'signature', image('team/tags')]))
    const args = ['verify', ...verifying, '--new-bundle-format=false', image('team/tags')]
    expectRefusal(await cosign(args), /no (matching )?signatures|no signatures found/i)
  })

  test('over TLS, an authority that the client does not know is refused, and a known one works', async () => {
    const berth = await startTlsRegistry()
    try {
      const trust = { SSL_CERT_FILE: berth.caFile }
      const { host, username, password } = berth
      await crane(['auth', 'login', host, '-u', username, '-p', password], trust)
      await crane(['push', layouts.image.directory, `${host}/team/app:latest`], trust)
      const name = `${host}/team/app@${layouts.image.root.digest}`
      expectRefusal(await cosign(['sign', ...offline, name]), unknownAuthority)
      const known = ['--registry-cacert', berth.caFile]
      expectSuccess(await cosign(['sign', ...offline, ...known, name]))
      expectSuccess(await cosign(['verify', ...verifying, ...known, name]))
    } finally {
      await berth.stop()
    }
  })
})
