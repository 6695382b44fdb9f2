import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@berth/api/client.ts'
import { createUser } from '@berth/api/users.ts'
import { ClientError } from '@berth/client/client-error.ts'
import { openCredentials } from '@berth/client/credentials/credential-store.ts'
import { parseRepositoryAddress } from '@berth/client/image-reference.ts'
import type { KindName } from '@berth/client/kinds/kind.ts'
import { RegistryClient } from '@berth/client/registry/registry-client.ts'
import { Transport } from '@berth/client/transport/transport.ts'
import { parseRepositoryName, parseTagName } from '@berth/oci/reference.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCommand } from '../../packages/cli/src/testing/run-command.ts'
import { pullSmallImage, pushSmallImage } from '../stand-ins/image.ts'
import { startBerth } from '../tools/berth.ts'
import { findTool, freePort, mustRun, requireTool, startService } from '../tools/process.ts'

type Real = {
  readonly host: string
  readonly owner: { readonly name: string; readonly secret: string }
  readonly stop: () => Promise<void>
}

const owner = { name: 'ann', secret: 'zebra mosaic lantern' }
const reader = { name: 'reed', secret: 'quiet harbour window' }

/** Registries that are here for real, each started as its users start it. */
const reals: readonly {
  readonly kind: KindName
  readonly tools?: readonly string[]
  readonly start: (folder: string) => Promise<Real>
}[] = [
  { kind: 'berth', start: startRealBerth },
  { kind: 'distribution', tools: ['docker-registry', 'htpasswd'], start: startDockerRegistry },
  { kind: 'zot', tools: ['zot', 'htpasswd'], start: startZot },
]

for (const { kind, tools = [], start } of reals) {
  const isMissing = tools.some((tool) => findTool(tool) === undefined)
  describe.skipIf(isMissing)(`${kind}, for real`, () => {
    let real: Real
    let folder: string
    let transport: Transport
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'berth-real-'))
      transport = new Transport({ retry: { attempts: 2, firstWaitMs: 5 } })
      real = await start(folder)
    })
    afterAll(async () => {
      transport.close()
      await real.stop()
      await rm(folder, { recursive: true, force: true })
    })
    const logIn = async ({ name, secret }: Real['owner'], ...more: string[]) => {
      const argv = ['login', real.host, '--username', name, '--password-stdin', ...more]
      return await runCommand(argv, { env: { HOME: folder }, stdin: secret })
    }
    const client = () =>
      new RegistryClient({
        transportFor: () => transport,
        credentials: openCredentials({ env: {}, home: folder }),
      })
    const repository = (name = 'acme/api') =>
      client().repository(parseRepositoryAddress(`${real.host}/${name}`))

    test('is told by its answer', async () => {
      expect((await client().kindOf(real.host)).name).toBe(kind)
    })

    test('a wrong secret: exit code 4, and what to do', async () => {
      const run = await logIn({ ...real.owner, secret: 'not the secret' })
      expect({ code: run.code, stdout: run.stdout }).toEqual({ code: 4, stdout: '' })
      expect(run.stderr).toMatch(/Check|log in again/)
    })

    test('the right secret: login, push and pull', async () => {
      const run = await logIn(real.owner, '--json')
      expect({ code: run.code, stderr: run.stderr }).toMatchObject({ code: 0 })
      expect(run.json()).toMatchObject({ kind })
      await pushSmallImage(repository(), ['v1'])
      expect(await pullSmallImage(repository(), 'v1')).toBe(5000)
    })

    test('nobody: the message says to log in', async () => {
      const stranger = new RegistryClient({
        transportFor: () => transport,
        credentials: openCredentials({ env: {}, home: join(folder, 'nobody') }),
      })
      const address = parseRepositoryAddress(`${real.host}/acme/api`)
      const error = await fault(pushSmallImage(stranger.repository(address), ['v1']))
      expect({ kind: error.kind, next: error.next }).toEqual({
        kind: 'unauthenticated',
        next: `Run "berth login ${real.host}".`,
      })
    })

    test('rights to read only: the missing one is named', async ({ skip }) => {
      // htpasswd knows no rights: whoever is known may do everything.
      if (kind === 'distribution') skip()
      await logIn(reader)
      expect(await pullSmallImage(repository(), 'v1')).toBe(5000)
      const error = await fault(pushSmallImage(repository(), ['v2']))
      expect({ kind: error.kind, message: error.message }).toEqual({
        kind: 'denied',
        message: expect.stringMatching(kind === 'berth' ? /role developer/ : /create, and update/),
      })
    })

    test('its own interface: lists with dates, quotas, deletes', async ({ skip }) => {
      if (kind !== 'berth') skip('it has none')
      await logIn(real.owner)
      const name = parseRepositoryName('acme/listed')
      const there = repository(name)
      await pushSmallImage(
        there,
        Array.from({ length: 15 }, (_, index) => `t${index}`),
      )
      const other = await pushSmallImage(there, ['other'])
      const api = await client().apiOf(real.host)
      if (api?.listImages === undefined) throw new Error('it has one')
      const listed = await all(api.listImages(name))
      expect(listed.map(({ tags }) => tags.length).sort((a, b) => a - b)).toEqual([1, 15])
      for (const { pushedAt } of listed) {
        expect(pushedAt?.getTime()).toBeGreaterThan(Date.now() - 3_600_000)
      }
      expect(await all(api.listRepositories?.() ?? [])).toContain(name)
      const quotas = await api.readQuotas?.()
      expect(quotas?.find(({ owner: whose }) => whose === 'acme')).toMatchObject({
        usedBytes: expect.any(Number),
      })
      await api.deleteTag?.(name, parseTagName('t3'))
      await api.deleteTag?.(name, parseTagName('t3'))
      await api.deleteImage?.(name, { digest: other.descriptor.digest, tags: [] })
      await api.deleteImage?.(name, { digest: other.descriptor.digest, tags: [] })
      expect((await all(api.listImages(name))).map(({ tags }) => tags.length)).toEqual([14])
      const nowhere = await fault(all(api.listImages(parseRepositoryName('acme/nowhere'))))
      expect(nowhere.kind).toBe('notFound')
      await logIn(reader)
      const readers = await client().apiOf(real.host)
      const refused = await fault(readers?.deleteTag?.(name, parseTagName('t4')))
      expect({ kind: refused.kind, message: refused.message }).toEqual({
        kind: 'denied',
        message: expect.stringContaining('role maintainer'),
      })
    })
  })
}

async function startRealBerth(): Promise<Real> {
  const berth = await startBerth()
  const admin = createClient({
    baseUrl: berth.origin,
    credentials: { kind: 'password', name: berth.username, password: berth.password },
  })
  const { name, secret: password } = reader
  await admin.call(createUser, { body: { name, password, role: 'reader' } })
  return {
    host: berth.host,
    owner: { name: berth.username, secret: berth.password },
    stop: () => berth.stop(),
  }
}

async function startDockerRegistry(folder: string): Promise<Real> {
  const port = await freePort()
  const htpasswd = join(folder, 'htpasswd')
  await writeFile(htpasswd, await htpasswdLine(owner))
  const config = join(folder, 'registry.json')
  // JSON is YAML.
  const settings = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, 'registry') } },
    http: { addr: `127.0.0.1:${port}` },
    auth: { htpasswd: { realm: 'Registry Realm', path: htpasswd } },
  }
  await writeFile(config, JSON.stringify(settings))
  return await startReal(requireTool('docker-registry'), ['serve', config], port)
}

async function startZot(folder: string): Promise<Real> {
  const port = await freePort()
  const htpasswd = join(folder, 'htpasswd')
  const lines = [await htpasswdLine(owner), await htpasswdLine(reader)]
  await writeFile(htpasswd, lines.join(''))
  const config = join(folder, 'zot.json')
  await mkdir(join(folder, 'zot'))
  const policies = [
    { users: [owner.name], actions: ['read', 'create', 'update', 'delete'] },
    { users: [reader.name], actions: ['read'] },
  ]
  const settings = {
    distSpecVersion: '1.1.1',
    storage: { rootDirectory: join(folder, 'zot') },
    http: {
      address: '127.0.0.1',
      port: String(port),
      auth: { htpasswd: { path: htpasswd } },
      accessControl: { repositories: { '**': { policies } } },
    },
    log: { level: 'error' },
  }
  await writeFile(config, JSON.stringify(settings))
  return await startReal(requireTool('zot'), ['serve', config], port)
}

async function htpasswdLine({ name, secret }: Real['owner']): Promise<string> {
  const args = ['-niB', '-C', '5', name]
  return `${(await mustRun(requireTool('htpasswd'), args, { input: `${secret}\n` })).trim()}\n`
}

async function startReal(file: string, args: readonly string[], port: number): Promise<Real> {
  const host = `127.0.0.1:${port}`
  const service = await startService(file, args, {
    env: { OTEL_TRACES_EXPORTER: 'none' },
    isReady: async () => (await fetch(`http://${host}/v2/`)).status === 401,
  })
  return { host, owner, stop: service.stop }
}

async function all<T>(items: AsyncIterable<T> | readonly T[]): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

async function fault(attempt: Promise<unknown> | undefined): Promise<ClientError> {
  try {
    await attempt
  } catch (error) {
    if (error instanceof ClientError) return error
    throw error
  }
  throw new Error('it succeeded')
}
