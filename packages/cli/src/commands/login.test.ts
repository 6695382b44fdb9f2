import { access, chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Berth, startBerth } from '../../../../test/tools/berth.ts'
import { runBerth } from '../program.ts'
import { type CommandRun, runCommand } from '../testing/run-command.ts'
import type { LoginJson } from './login.ts'
import type { LogoutJson } from './logout.ts'
import type { WhoamiJson } from './whoami.ts'

const readerPassword = 'zebra mosaic lantern'

let berth: Berth
let home = ''
let env: Record<string, string> = {}

beforeAll(async () => {
  berth = await startBerth()
  await api('/users', { name: 'ann', password: readerPassword, role: 'reader' })
})
afterAll(() => berth.stop())

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'berth-login-'))
  env = { HOME: home, PATH: process.env.PATH ?? '', XDG_RUNTIME_DIR: join(home, 'run') }
})
afterEach(() => rm(home, { recursive: true, force: true }))

async function api(
  path: string,
  body: unknown,
  user = { name: berth.username, password: berth.password },
): Promise<Response> {
  const authorization = `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}`
  const answer = await fetch(`${berth.origin}/api/v1${path}`, {
    method: 'POST',
    headers: { Authorization: authorization, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return answer
}

function run(argv: readonly string[], stdin?: string): Promise<CommandRun> {
  return runCommand(argv, { env, stdin })
}

function logIn(target: string, user: string, password: string, ...more: string[]) {
  return run(['login', target, '--username', user, '--password-stdin', ...more], password)
}

const dockerFile = (): string => join(home, '.docker/config.json')

async function nothingIsStored(): Promise<boolean> {
  const paths = [dockerFile(), join(home, 'run/containers/auth.json')]
  const found = await Promise.all(paths.map((path) => access(path).then(yes, no)))
  return !found.includes(true)
}
const yes = (): boolean => true
const no = (): boolean => false

describe('berth login', () => {
  test('proves pull and push on a repository, and stores the login where docker does', async () => {
    const target = `${berth.host}/acme/api`
    const { code, json } = await logIn(target, 'admin', `${berth.password}\n`, '--json')
    expect(code).toBe(0)
    const allowed = { allowed: true, reason: null, next: null }
    expect(json<LoginJson>()).toEqual({
      registry: berth.host,
      repository: 'acme/api',
      kind: 'berth',
      method: 'password',
      username: 'admin',
      expiresAt: null,
      storedIn: { kind: 'docker', name: dockerFile() },
      pull: allowed,
      push: allowed,
    })
    const auth = Buffer.from(`admin:${berth.password}`).toString('base64')
    expect(JSON.parse(await readFile(dockerFile(), 'utf8'))).toEqual({
      auths: { [berth.host]: { auth } },
    })
  })

  test('the upload that it tries leaves nothing behind', async () => {
    await logIn(`${berth.host}/trial/empty`, 'admin', berth.password)
    const { code, stderr } = await run(['--json', 'tags', 'list', `${berth.host}/trial/empty`])
    expect(code, stderr).toBe(3)
  })

  test('says what a reader lacks, and where it is given', async () => {
    const { code, stdout, stderr } = await logIn(`${berth.host}/acme/api`, 'ann', readerPassword)
    expect(code).toBe(0)
    expect(stdout).toContain(`${berth.host}/acme/api: pull yes, push no\n`)
    expect(stderr).toContain('the role developer')
    expect(stderr).toContain('manages the project')
  })

  test('with --require, nothing is stored without that right', async () => {
    const target = `${berth.host}/acme/api`
    const refused = await logIn(target, 'ann', readerPassword, '--require', 'push')
    expect(refused.code).toBe(5)
    expect(refused.stderr).toContain('the role developer')
    expect(await nothingIsStored()).toBe(true)
    expect((await logIn(target, 'ann', readerPassword, '--require', 'pull')).code).toBe(0)
    const untried = await logIn(berth.host, 'ann', readerPassword, '--require', 'push')
    expect(untried.code).toBe(2)
  })

  test('a wrong password is refused, not shown, and not stored', async () => {
    const { code, stdout, stderr } = await logIn(`${berth.host}/acme/api`, 'admin', 'hunter2-wrong')
    expect(code).toBe(4)
    expect(stdout).toBe('')
    expect(stderr).toContain('does not accept these credentials')
    expect(stderr).not.toContain('hunter2')
    expect(await nothingIsStored()).toBe(true)
  })

  test('a key works until it runs out', async () => {
    const expiresAt = new Date(Date.now() + 4000).toISOString()
    const user = { name: 'ann', password: readerPassword }
    const answer = await api('/account/keys', { name: 'short', expiresAt }, user)
    const { secret } = (await answer.json()) as { secret: string }
    const before = await logIn(berth.host, 'ann', secret, '--method', 'api-key')
    expect(before.code, before.stderr).toBe(0)
    await sleep(4500)
    const known = await run(['--json', 'whoami', berth.host])
    expect(known.code).toBe(4)
    expect(known.json<WhoamiJson>().logins).toMatchObject([{ username: 'ann', valid: false }])
    await rm(dockerFile())
    const after = await logIn(berth.host, 'ann', secret, '--method', 'api-key')
    expect(after.code).toBe(4)
    expect(after.stdout + after.stderr).not.toContain(secret)
    expect(await nothingIsStored()).toBe(true)
  })

  test('a code that somebody grants in a browser', async () => {
    const stderr = new PassThrough({ encoding: 'utf8' })
    const stdout = new PassThrough({ encoding: 'utf8' })
    const argv = ['--json', 'login', `${berth.host}/acme/api`, '--method', 'device']
    const terminal = { stdin: new PassThrough(), stdout, stderr, env, cwd: '/' }
    const finished = runBerth(argv, terminal)
    let told = ''
    for await (const chunk of stderr) {
      told += String(chunk)
      const code = /enter ([A-Z]{4}-[A-Z]{4})\./.exec(told)?.[1]
      if (code === undefined) continue
      await api('/auth/device/approve', { userCode: code, approve: true })
      break
    }
    expect(await finished).toBe(0)
    const login = JSON.parse(String(stdout.read())) as LoginJson
    expect(login).toMatchObject({ method: 'device', username: 'admin', push: { allowed: true } })
    const days = (Date.parse(login.expiresAt ?? '') - Date.now()) / 86_400_000
    expect(days).toBeGreaterThan(89)
    // The key itself says nothing of its end; what was told at the login is remembered.
    const known = await run(['--json', 'whoami', berth.host])
    expect(known.json<WhoamiJson>().logins).toMatchObject([
      { username: 'admin', valid: true, expiresAt: login.expiresAt },
    ])
  })

  test.each([[['--password', 'hunter2']], [['-p', 'hunter2']], [['--password=hunter2']]])(
    'there is no %j, and what was given with it is not repeated',
    async (options) => {
      const { code, stderr } = await run(['login', berth.host, '-u', 'admin', ...options])
      expect(code).toBe(2)
      expect(stderr).toContain('--password-stdin')
      expect(stderr).not.toContain('hunter2')
    },
  )

  test('nobody to ask, and nothing given: says which option is missing', async () => {
    const unnamed = await run(['login', berth.host])
    expect(unnamed.code).toBe(2)
    expect(unnamed.stderr).toContain('--username')
    const empty = await run(['login', berth.host, '-u', 'admin', '--password-stdin'], '\n')
    expect(empty.code).toBe(2)
    const unknown = await run(['login', berth.host, '--method', 'magic'])
    expect(unknown.stderr).toContain('password, api-key')
    const secret = await run(['login', berth.host, '-u', 'x', '--answer', 'password=hunter2'])
    expect(secret.code).toBe(2)
    expect(secret.stderr).not.toContain('hunter2')
    expect(await nothingIsStored()).toBe(true)
  })

  test('a registry that is not there is unreachable, and asks nobody for a password', async () => {
    const { code, stderr } = await run(['login', '127.0.0.1:1', '-u', 'admin'])
    expect(code).toBe(6)
    expect(stderr).toContain('127.0.0.1:1')
  })

  test('a broken configuration is named with its place and left alone', async () => {
    await mkdir(join(home, '.docker'))
    await writeFile(dockerFile(), '{"auths": {}, oops')
    const { code, stderr } = await logIn(berth.host, 'admin', berth.password)
    expect(code).toBe(2)
    expect(stderr).toContain(`${dockerFile()} is not JSON at line 1, column 15.`)
    expect(await readFile(dockerFile(), 'utf8')).toBe('{"auths": {}, oops')
  })

  test("with --podman into podman's file, and says when docker's goes first", async () => {
    const alone = await logIn(berth.host, 'admin', berth.password, '--podman', '--json')
    const place = { kind: 'podman', name: join(home, 'run/containers/auth.json') }
    expect(alone.json<LoginJson>().storedIn).toEqual(place)
    expect(alone.stderr).not.toContain('warning')
    await logIn(berth.host, 'ann', readerPassword)
    const second = await logIn(berth.host, 'admin', berth.password, '--podman')
    expect(second.stderr).toContain(`${dockerFile()} has another login for ${berth.host}`)
  })

  test('into the helper that docker is set up with', async () => {
    const helper = join(home, 'docker-credential-file')
    await writeFile(
      helper,
      `#!/bin/sh
      case "$1" in
        store) cat > "${home}/kept";;
        get) cat "${home}/kept" 2>/dev/null || { echo "credentials not found in native keychain"; exit 1; };;
        erase) rm "${home}/kept";;
      esac`,
    )
    await chmod(helper, 0o755)
    env.PATH = `${home}:${env.PATH}`
    await mkdir(join(home, '.docker'))
    await writeFile(dockerFile(), JSON.stringify({ credHelpers: { [berth.host]: 'file' } }))
    const { json } = await logIn(berth.host, 'admin', berth.password, '--json')
    const place = { kind: 'helper', name: 'docker-credential-file' }
    expect(json<LoginJson>().storedIn).toEqual(place)
    expect(await readFile(dockerFile(), 'utf8')).not.toContain('"auth":')
    const known = await run(['--json', 'whoami', berth.host])
    expect(known.json<WhoamiJson>().logins).toMatchObject([{ valid: true, storedIn: place }])
    const out = await run(['--json', 'logout', berth.host])
    expect(out.json<LogoutJson>().removedFrom).toEqual([place])
  })
})

describe('at a terminal', () => {
  test('the secret is asked for without being shown', async () => {
    const stdin = Object.assign(new PassThrough(), {
      isTTY: true,
      isRaw: false,
      setRawMode(isRaw: boolean) {
        this.isRaw = isRaw
        return this
      },
    })
    let shown = ''
    const screen = (): Writable & { isTTY: true; columns: number } =>
      Object.assign(
        new Writable({
          write(chunk: Buffer | string, _encoding, done) {
            shown += String(chunk)
            done()
          },
        }),
        { isTTY: true as const, columns: 80 },
      )
    const argv = ['login', berth.host, '--method', 'password']
    const finished = runBerth(argv, { stdin, stdout: screen(), stderr: screen(), env, cwd: '/' })
    const isAsked = async (text: string): Promise<void> => {
      const deadline = Date.now() + 10_000
      while (!shown.includes(text)) {
        if (Date.now() > deadline) throw new Error(`not asked for ${text}: ${shown}`)
        await sleep(20)
      }
    }
    await isAsked('User name')
    stdin.write('admin\r')
    await isAsked('Password')
    for (const key of berth.password) stdin.write(key)
    stdin.write('\r')
    expect(await finished).toBe(0)
    expect(shown).toContain('admin')
    expect(shown).toContain('Logged in to')
    const plain = stripVTControlCharacters(shown)
    for (let at = 0; at + 3 <= berth.password.length; at += 1) {
      expect(plain).not.toContain(berth.password.slice(at, at + 3))
    }
  })
})

describe('berth logout', () => {
  test('removes it from everywhere, and says when there was nothing', async () => {
    await logIn(berth.host, 'admin', berth.password)
    await logIn(berth.host, 'admin', berth.password, '--podman')
    const first = await run(['--json', 'logout', berth.host])
    expect(first.json<LogoutJson>()).toEqual({
      registry: berth.host,
      removedFrom: [
        { kind: 'docker', name: dockerFile() },
        { kind: 'podman', name: join(home, 'run/containers/auth.json') },
      ],
      remaining: null,
    })
    const second = await run(['logout', berth.host])
    expect(second.code).toBe(0)
    expect(second.stdout).toBe(`No login for ${berth.host} was stored.\n`)
  })

  test('says when the environment still has one', async () => {
    const auth = Buffer.from(`admin:${berth.password}`).toString('base64')
    env.DOCKER_AUTH_CONFIG = JSON.stringify({ auths: { [berth.host]: { auth } } })
    const { json, stderr } = await run(['--json', 'logout', berth.host])
    expect(json<LogoutJson>().remaining).toMatchObject({ kind: 'environment' })
    expect(stderr).toContain('DOCKER_AUTH_CONFIG')
  })
})

describe('berth whoami', () => {
  test('tries every login and shows no secret', async () => {
    await logIn(berth.host, 'admin', berth.password)
    const other = `localhost:${berth.port}`
    const auths = JSON.parse(await readFile(dockerFile(), 'utf8')) as { auths: object }
    const wrong = Buffer.from('ann:hunter2-wrong').toString('base64')
    await writeFile(
      dockerFile(),
      JSON.stringify({
        auths: { ...auths.auths, [other]: { auth: wrong }, '127.0.0.1:1': { auth: wrong } },
      }),
    )
    const { code, json, stdout } = await run(['--json', 'whoami'])
    expect(code).toBe(9)
    expect(stdout).not.toMatch(/hunter2|correct horse|YWRtaW4/)
    expect(json<WhoamiJson>().logins).toMatchObject([
      { registry: '127.0.0.1:1', username: 'ann', kind: null, valid: null },
      { registry: berth.host, username: 'admin', kind: 'berth', valid: true, fault: null },
      { registry: other, username: 'ann', kind: 'berth', valid: false },
    ])
    const table = await runCommand(['whoami'], { env, columns: 100 })
    expect(table.stdout).toMatch(/^REGISTRY +USER +KIND +VALID +EXPIRES +STORED IN\n/)
    for (const line of table.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
  })

  test('nobody is not logged in', async () => {
    expect((await run(['whoami', berth.host])).code).toBe(4)
    const all = await run(['--json', 'whoami'])
    expect(all.code).toBe(0)
    expect(all.json()).toEqual({ logins: [] })
  })
})
