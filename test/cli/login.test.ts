import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Berth, startBerth } from '../tools/berth.ts'
import { type Dockerd, startDockerd } from '../tools/dockerd.ts'
import { type CommandResult, findTool, requireTool, run } from '../tools/process.ts'

const bin = join(import.meta.dirname, '../../packages/cli/bin')

let berth: Berth
let dockerd: Dockerd
let home = ''
let env: Record<string, string> = {}

beforeAll(async () => {
  berth = await startBerth()
  dockerd = await startDockerd()
}, 120_000)
afterAll(async () => {
  await dockerd.stop()
  await berth.stop()
})

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'berth-clients-'))
  await mkdir(join(home, 'run'))
  env = {
    DOCKER_HOST: dockerd.env.DOCKER_HOST ?? '',
    HOME: home,
    XDG_RUNTIME_DIR: join(home, 'run'),
    XDG_DATA_HOME: join(home, 'data'),
    PATH: `${bin}:${process.env.PATH ?? ''}`,
  }
})
afterEach(() => rm(home, { recursive: true, force: true }))

function call(name: string, args: readonly string[], input?: string): Promise<CommandResult> {
  const isOwn = name === 'berth' || name === 'docker-credential-berth'
  const file = isOwn ? join(bin, name) : requireTool(name)
  return run(file, args, { env, input, cwd: home })
}

async function must(name: string, args: readonly string[], input?: string): Promise<string> {
  const { status, output, stdout } = await call(name, args, input)
  expect(status, `${name} ${args.join(' ')}\n${output}`).toBe(0)
  return stdout
}

const dockerFile = (): string => join(home, '.docker/config.json')
const podmanFile = (): string => join(home, 'run/containers/auth.json')

async function json(path: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
}

function berthLogin(...more: string[]): Promise<string> {
  const args = ['login', berth.host, '-u', 'admin', '--password-stdin', ...more]
  return must('berth', args, berth.password)
}

/** How each client logs in, and how it then proves to have a login. */
const clients = [
  {
    name: 'docker',
    login: ['login', '-u', 'admin', '--password-stdin'],
    // With a stored login and nobody to ask, it tries the stored one.
    proof: () => ['login', berth.host],
    logout: ['logout'],
    reads: 'docker',
  },
  {
    name: 'podman',
    login: ['login', '--tls-verify=false', '-u', 'admin', '--password-stdin'],
    proof: () => ['login', '--tls-verify=false', berth.host],
    logout: ['logout'],
    reads: 'both',
  },
  {
    name: 'skopeo',
    login: ['login', '--tls-verify=false', '-u', 'admin', '--password-stdin'],
    proof: () => ['login', '--tls-verify=false', berth.host],
    logout: ['logout'],
    reads: 'both',
  },
  {
    name: 'crane',
    login: ['auth', 'login', '-u', 'admin', '--password-stdin'],
    proof: () => ['catalog', berth.host],
    logout: ['auth', 'logout'],
    reads: 'both',
  },
  {
    name: 'oras',
    login: ['login', '--plain-http', '-u', 'admin', '--password-stdin'],
    proof: () => ['repo', 'ls', '--plain-http', berth.host],
    logout: ['logout'],
    reads: 'docker',
  },
].filter(({ name }) => findTool(name) !== undefined)

describe('the file that all share', () => {
  test('every client is at hand', () => {
    expect(clients.map(({ name }) => name)).toEqual(['docker', 'podman', 'skopeo', 'crane', 'oras'])
  })

  test.each(clients)('what $name writes, berth reads and removes', async (client) => {
    await must(client.name, [...client.login, berth.host], berth.password)
    const known = JSON.parse(await must('berth', ['--json', 'whoami', berth.host])) as {
      logins: unknown[]
    }
    expect(known.logins).toMatchObject([{ username: 'admin', valid: true, kind: 'berth' }])
    await must('berth', ['logout', berth.host])
    const after = await call(client.name, client.proof())
    expect(after.status, after.output).not.toBe(0)
  })

  test.each(clients)('what berth writes, $name reads and removes', async (client) => {
    const before = await call(client.name, client.proof())
    expect(before.status).not.toBe(0)
    await berthLogin()
    await must(client.name, client.proof())
    if (client.name === 'podman' || client.name === 'skopeo') return
    await must(client.name, [...client.logout, berth.host])
    expect((await call('berth', ['whoami', berth.host])).status).toBe(4)
  })

  test("what berth writes into podman's file, podman and skopeo read and remove", async () => {
    for (const name of ['podman', 'skopeo']) {
      await berthLogin('--podman')
      await must(name, ['login', '--tls-verify=false', berth.host])
      expect((await must(name, ['login', '--get-login', berth.host])).trim()).toBe('admin')
      await must(name, ['logout', berth.host])
      expect((await call('berth', ['whoami', berth.host])).status).toBe(4)
    }
  })

  test("with DOCKER_CONFIG podman's file is docker's", async () => {
    env.DOCKER_CONFIG = join(home, 'other')
    await berthLogin('--podman')
    expect(Object.keys(await json(join(home, 'other/config.json')))).toEqual(['auths'])
    for (const name of ['podman', 'skopeo']) {
      await must(name, ['login', '--tls-verify=false', berth.host])
    }
    await must('docker', ['login', berth.host])
  })

  test('docker and berth leave what the other wrote', async () => {
    await mkdir(join(home, '.docker'))
    const own = { psFormat: 'table {{.ID}}', aliases: { builder: 'buildx' } }
    await writeFile(dockerFile(), JSON.stringify(own))
    await must('docker', ['login', '-u', 'admin', '--password-stdin', berth.host], berth.password)
    const other = `localhost:${berth.port}`
    await must('berth', ['login', other, '-u', 'admin', '--password-stdin'], berth.password)
    await must('docker', ['logout', berth.host])
    const auth = Buffer.from(`admin:${berth.password}`).toString('base64')
    expect(await json(dockerFile())).toEqual({ ...own, auths: { [other]: { auth } } })
    expect((await stat(dockerFile())).mode & 0o777).toBe(0o600)
  })

  test('a login of podman for a part of a registry is kept apart', async () => {
    const place = `${berth.host}/acme`
    await must(
      'podman',
      ['login', '--tls-verify=false', '-u', 'admin', '--password-stdin', place],
      berth.password,
    )
    expect(await json(podmanFile())).toMatchObject({ auths: { [place]: {} } })
    const { logins } = JSON.parse(await must('berth', ['--json', 'whoami'])) as {
      logins: unknown[]
    }
    expect(logins).toMatchObject([{ registry: berth.host, namespace: 'acme', valid: true }])
  })
})

describe('docker-credential-berth', () => {
  beforeEach(async () => {
    await mkdir(join(home, '.docker'))
    await writeFile(dockerFile(), JSON.stringify({ credHelpers: { [berth.host]: 'berth' } }))
  })
  const secrets = (): string => join(home, 'data/berth/credentials.json')

  test('keeps what docker gives it, for all who ask docker’s way', async () => {
    await must('docker', ['login', '-u', 'admin', '--password-stdin', berth.host], berth.password)
    expect(await readFile(dockerFile(), 'utf8')).not.toContain('"auth":')
    expect(await json(secrets())).toMatchObject({
      // Berth's token service gives docker an identity token to keep instead of the password.
      [berth.host]: { username: '<token>' },
    })
    expect((await stat(secrets())).mode & 0o777).toBe(0o600)
    await must('crane', ['catalog', berth.host])
    const { logins } = JSON.parse(await must('berth', ['--json', 'whoami'])) as {
      logins: unknown[]
    }
    expect(logins).toMatchObject([
      { valid: true, storedIn: { kind: 'helper', name: 'docker-credential-berth' } },
    ])
    await must('docker', ['logout', berth.host])
    expect(await json(secrets())).toEqual({})
    expect((await call('crane', ['catalog', berth.host])).status).not.toBe(0)
  })

  test('keeps what berth gives it, for docker', async () => {
    expect(await berthLogin()).toContain('docker-credential-berth')
    await must('docker', ['login', berth.host])
    await must('berth', ['logout', berth.host])
    expect((await call('docker', ['login', berth.host])).status).not.toBe(0)
  })

  test('lists without secrets, and says what docker expects when it has none', async () => {
    await berthLogin()
    expect(await must('docker-credential-berth', ['list'])).toBe(`{"${berth.host}":"admin"}\n`)
    const none = await call('docker-credential-berth', ['get'], 'other.example.com')
    expect(none).toMatchObject({ status: 1, stdout: 'credentials not found in native keychain\n' })
    const bad = await call('docker-credential-berth', ['store'], '{"Secret":"hunter2"')
    expect(bad.status).toBe(1)
    expect(bad.output).not.toContain('hunter2')
  })
})

/** Runs berth on a real terminal, and types each answer when its question is there. Gives the status and the screen. */
async function onTerminal(
  args: readonly string[],
  answers: readonly (readonly [question: string, keys: string])[],
): Promise<{ status: number | null; screen: string }> {
  const command = `stty cols 100; exec ${[join(bin, 'berth'), ...args].join(' ')}`
  const child = spawn(requireTool('script'), ['-qec', command, '/dev/null'], {
    env: { ...process.env, ...env, TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  const rest = [...answers]
  let screen = ''
  for await (const chunk of child.stdout) {
    screen += String(chunk)
    const [next] = rest
    if (next === undefined || !stripVTControlCharacters(screen).includes(next[0])) continue
    rest.shift()
    child.stdin.write(next[1])
  }
  const [status] = (await ended) as [number | null]
  return { status, screen: stripVTControlCharacters(screen) }
}

describe('a real terminal', () => {
  const args = (): string[] => ['login', berth.host, '--method', 'password']

  test('shows nothing of the secret', async () => {
    const { status, screen } = await onTerminal(args(), [
      ['User name', 'admin\r'],
      ['Password', `${berth.password}\r`],
    ])
    expect(status, screen).toBe(0)
    expect(screen).toContain('admin')
    expect(screen).toContain('Logged in to')
    expect(screen).not.toMatch(/horse|corr|batt/)
  })

  test.each([
    ['Ctrl-C', '\u0003'],
    ['Ctrl-D', '\u0004'],
  ])('%s at a question stops it, and nothing is stored', async (_, key) => {
    const { status, screen } = await onTerminal(args(), [
      ['User name', 'admin\r'],
      ['Password', key],
    ])
    expect(status, screen).toBe(130)
    expect((await call('berth', ['whoami', berth.host])).status).toBe(4)
  })
})
