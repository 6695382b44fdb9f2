import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Berth, startBerth } from '../../../test/tools/berth.ts'
import { type FaultyProxy, startFaultyProxy } from '../../../test/tools/faulty-proxy.ts'
import { freePort } from '../../../test/tools/process.ts'
import { exitCodes } from './exit-codes.ts'
import { makeHome } from './testing/logged-in.ts'
import { ImagePusher } from './testing/push-images.ts'
import { type CommandRun, runCommand } from './testing/run-command.ts'

let berth: Berth
let proxy: FaultyProxy
let home: Awaited<ReturnType<typeof makeHome>>
let folder: string
let nobody: string

beforeAll(async () => {
  berth = await startBerth()
  proxy = await startFaultyProxy(berth.port)
  home = await makeHome({ [berth.host]: berth, [proxy.host]: berth })
  folder = await mkdtemp(join(tmpdir(), 'berth-bad-input-'))
  nobody = `127.0.0.1:${await freePort()}`
  const pusher = new ImagePusher({ ...berth, repository: 'acme/api' })
  const image = await pusher.image({ config: { os: 'linux' }, layers: [randomBytes(500_000)] }, [
    '1.0',
  ])
  const platform = { os: 'linux', architecture: 'amd64' }
  await pusher.index([{ image, platform }], ['multi'])
  pusher.close()
})
afterAll(async () => {
  await proxy.stop()
  await berth.stop()
  await home.remove()
  await rm(folder, { recursive: true, force: true })
})

const run = (argv: string[], env: Record<string, string> = {}): Promise<CommandRun> =>
  runCommand(argv, { env: { ...home.env, ...env }, cwd: folder })

/** Sentences, no stack, no `undefined`, nothing that a terminal obeys; what is wrong and the way on. */
function expectPlain({ stderr, stdout }: CommandRun): void {
  expect(stdout).toBe('')
  expect(stderr).toMatch(/^error: \S.*[.:]\n/m)
  expect(stderr).not.toMatch(/\bundefined\b|\[object|\n {4}at /)
  // eslint-disable-next-line no-control-regex
  expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
}

describe('what is wrong is said plainly, with an exit code by its kind', () => {
  test.each<[string, (to: () => string) => string[], keyof typeof exitCodes, RegExp]>([
    ['a bad reference', () => ['copy', 'UPPER/case:1', 'oci:out'], 'usage', /upper case/],
    ['a scheme', () => ['inspect', 'https://ghcr.io/acme/api'], 'usage', /without "https:\/\/"/],
    [
      'a bad platform',
      (at) => ['copy', '--platform', 'linux/', `${at()}:1.0`, 'oci:out'],
      'usage',
      /linux\/amd64/,
    ],
    [
      'an unknown tag',
      (at) => ['copy', `${at()}:9.9`, 'oci:out'],
      'notFound',
      /acme\/api:9\.9 does not exist/,
    ],
    [
      'a platform that is not there',
      (at) => ['copy', '--platform', 'linux/s390x', `${at()}:multi`, 'oci:out'],
      'notFound',
      /there for linux\/amd64/,
    ],
    [
      'a folder that is no layout',
      () => ['copy', 'oci:nowhere:1', 'oci:out'],
      'notFound',
      /nowhere/,
    ],
    [
      'an option that is none',
      () => ['copy', '--plattform', 'x', 'a', 'b'],
      'usage',
      /Did you mean --platform/,
    ],
    ['a slip of the keys', () => ['pus', 'x'], 'usage', /Did you mean push/],
    ['too few arguments', () => ['copy', 'alpine'], 'usage', /target/],
    [
      'a number that is none',
      (at) => ['copy', '--parallel', 'many', `${at()}:1.0`, 'oci:out'],
      'usage',
      /1 to 64/,
    ],
    [
      'an authority that is not there',
      (at) => ['inspect', '--ca-file', 'no.pem', `${at()}:1.0`],
      'local',
      /no\.pem/,
    ],
    ['a missing berth.yaml', () => ['build'], 'notFound', /berth\.yaml/],
    [
      'a lock file that is not there',
      () => ['pull', '--lock', 'none.json', '--to', 'oci:out'],
      'notFound',
      /none\.json/,
    ],
  ])('%s', async (_name, argv, exit, message) => {
    const answer = await run(argv(() => `${berth.host}/acme/api`))
    expect(answer.stderr).toMatch(message)
    expect(answer.code).toBe(exitCodes[exit].code)
    expect(answer.stdout).toBe('')
  })

  test('a registry where nothing listens', async () => {
    const answer = await run(['inspect', `${nobody}/acme/api:1`])
    expect(answer.code).toBe(exitCodes.network.code)
    expect(answer.stderr).toContain('nothing listens there')
    expectPlain(answer)
  }, 60_000)

  test('a registry without credentials, and with wrong ones', async () => {
    const unknown = await runCommand(['inspect', `${berth.host}/acme/api:1.0`], {
      env: { HOME: folder, PATH: '' },
    })
    expect(unknown.code).toBe(exitCodes.unauthenticated.code)
    expect(unknown.stderr).toContain('berth login')
    const wrong = await makeHome({ [berth.host]: { username: berth.username, password: 'wrong' } })
    const refused = await runCommand(['inspect', `${berth.host}/acme/api:1.0`], { env: wrong.env })
    await wrong.remove()
    expect(refused.code).toBe(exitCodes.unauthenticated.code)
    expectPlain(refused)
  })

  test.each([
    [{ status: 429, headers: { 'retry-after': '3600' } }, 'rateLimited', /come back later/],
    [{ status: 500 }, 'network', /failed with status 500/],
    [{ status: 403 }, 'denied', /does not let you pull/],
    [{ status: 405 }, 'unsupported', /cannot do this/],
  ] as const)(
    'a registry that answers %o',
    async (given, exit, message) => {
      proxy.fault = (_method, url) =>
        url.includes('/manifests/') ? { kind: 'answer', ...given } : undefined
      const answer = await run(['copy', `${proxy.host}/acme/api:1.0`, 'oci:out'])
      proxy.fault = () => undefined
      expect(answer.stderr).toMatch(message)
      expect(answer.code).toBe(exitCodes[exit].code)
      expectPlain(answer)
    },
    60_000,
  )

  test('a connection that is cut, and content that is not what its digest says', async () => {
    proxy.fault = (method, url) =>
      method === 'GET' && url.includes('/blobs/') ? { kind: 'cut', afterBytes: 100_000 } : undefined
    // Every connection brings something, so the blob arrives in pieces.
    expect((await run(['copy', `${proxy.host}/acme/api:1.0`, 'oci:pieces'])).code).toBe(0)
    proxy.fault = (method, url) =>
      method === 'GET' && url.includes('/blobs/') ? { kind: 'cut', afterBytes: 0 } : undefined
    const cut = await run(['copy', `${proxy.host}/acme/api:1.0`, 'oci:broken'])
    expect(cut.code).toBe(exitCodes.network.code)
    expectPlain(cut)
    proxy.fault = (method, url) =>
      method === 'GET' && url.includes('/blobs/') ? { kind: 'corrupt' } : undefined
    const corrupt = await run(['copy', `${proxy.host}/acme/api:1.0`, 'oci:broken'])
    proxy.fault = () => undefined
    expect(corrupt.code).toBe(exitCodes.integrity.code)
    expectPlain(corrupt)
    // Nothing of it can be read, and the same folder takes the image once all is well.
    const nothing = await run(['copy', 'oci:broken:1.0', 'oci:other'])
    expect(nothing.code).toBe(exitCodes.notFound.code)
    expect((await run(['copy', `${proxy.host}/acme/api:1.0`, 'oci:broken'])).code).toBe(0)
  }, 60_000)

  test('a build without Dockerfile, with an unset variable, without a builder', async () => {
    const write = (service: string): Promise<void> =>
      writeFile(join(folder, 'berth.yaml'), `registry: ${berth.host}\nservices:\n${service}`)
    await write('  api:\n    context: .\n    dockerfile: Missing.Dockerfile\n')
    const missing = await run(['build', '--no-push'])
    expect(missing.code).toBe(exitCodes.notFound.code)
    expect(missing.stderr).toContain('Missing.Dockerfile')
    await write('  api:\n    context: ${NOT_SET_ANYWHERE}\n')
    const unset = await run(['build', '--no-push'])
    expect(unset.code).toBe(exitCodes.usage.code)
    expect(unset.stderr).toMatch(
      /NOT_SET_ANYWHERE[\s\S]*berth\.yaml|berth\.yaml[\s\S]*NOT_SET_ANYWHERE/,
    )
    await writeFile(join(folder, 'Dockerfile'), 'FROM scratch\nCOPY berth.yaml /\n')
    await write('  api:\n    context: .\n')
    const nobuilder = await run(['build', '--no-push'], { PATH: folder })
    expect(nobuilder.code).toBe(exitCodes.tool.code)
    expectPlain(nobuilder)
  }, 60_000)

  test('with --json faults are JSON too', async () => {
    const answer = await run(['--json', 'inspect', `${berth.host}/acme/api:9.9`])
    expect(answer.code).toBe(exitCodes.notFound.code)
    expect(JSON.parse(answer.stderr)).toMatchObject({ error: { kind: 'notFound' } })
  })
})
