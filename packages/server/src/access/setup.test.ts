import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type App, openApp } from '../app.ts'
import { loadConfig } from '../config/load.ts'
import { createLogger } from '../log.ts'
import { basic } from '../testing/http-client.ts'

const password = 'a password that I chose myself'

describe('taking over a new Berth', () => {
  let dataDirectory: string
  let apps: App[]
  let now: number

  beforeEach(async () => {
    dataDirectory = await mkdtemp(join(tmpdir(), 'berth-setup-'))
    apps = []
    now = Date.now()
  })

  afterEach(async () => {
    for (const app of apps) await app.close()
    await rm(dataDirectory, { recursive: true, force: true })
  })

  async function start(more: { password?: string; port?: number } = {}): Promise<App> {
    const config = loadConfig({
      environment: {},
      overrides: {
        dataDirectory,
        http: { port: more.port ?? 0 },
        metrics: { enabled: false },
        log: { level: 'silent' },
        access: { administrator: { name: 'admin', password: more.password } },
        collection: { enabled: false },
        verification: { enabled: false },
      },
    })
    const app = await openApp(config, {
      logger: createLogger(config.log),
      clock: () => new Date(now),
    })
    apps.push(app)
    return app
  }

  const codeOf = (app: App) => /\/setup#code=([\w-]{20,})$/.exec(app.setupUrl ?? '')?.[1] ?? ''
  const api = (app: App, path: string, body?: unknown) =>
    fetch(`${app.url}/api/v1${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      ...(body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    })
  const knock = async (app: App, authorization: string) =>
    (await fetch(`${app.url}/v2/`, { headers: { authorization } })).status
  const isNeeded = async (app: App) =>
    ((await (await api(app, '/setup')).json()) as { isNeeded: boolean }).isNeeded

  test('the code sets name and password, signs in, and is good once', async () => {
    const app = await start()
    expect(await isNeeded(app)).toBe(true)
    const code = codeOf(app)
    const answer = await api(app, '/setup', { code, name: 'ann', password })
    expect(answer.status).toBe(201)
    const body = (await answer.json()) as { user: { name: string }; csrfToken: string }
    expect(body.user).toMatchObject({ name: 'ann', role: 'admin' })
    const cookie = (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    const session = await fetch(`${app.url}/api/v1/session`, { headers: { cookie } })
    expect(await session.json()).toMatchObject({ credentials: 'session', user: { name: 'ann' } })
    expect(await isNeeded(app)).toBe(false)
    const again = await api(app, '/setup', { code, password: `${password} again` })
    expect(again.status).toBe(401)
    expect(await again.json()).toMatchObject({ details: [{ reason: 'setupCodeWrong' }] })
    // The generated password is worth nothing any more.
    const old = basic('admin', app.administrator?.password ?? '')
    expect(await knock(app, old)).toBe(401)
    await app.close()
    expect((await start()).setupUrl).toBeUndefined()
  })

  test('the first sign-in by other means ends it, and a configured password needs none', async () => {
    const app = await start()
    const name = app.administrator?.name ?? ''
    const authorization = basic(name, app.administrator?.password ?? '')
    expect(await knock(app, authorization)).toBe(200)
    expect(await isNeeded(app)).toBe(false)
    expect((await api(app, '/setup', { code: codeOf(app), password })).status).toBe(401)
  })

  test('with a configured password there is nothing to set up', async () => {
    const app = await start({ password })
    expect(app.setupUrl).toBeUndefined()
    expect(await isNeeded(app)).toBe(false)
  })

  test('a code ends after a day; a start prints another until somebody signs in', async () => {
    const first = await start()
    now += 24 * 60 * 60_000 + 1
    expect(await isNeeded(first)).toBe(false)
    expect((await api(first, '/setup', { code: codeOf(first), password })).status).toBe(401)
    await first.close()
    const second = await start()
    expect(second.administrator).toBeUndefined()
    expect(await isNeeded(second)).toBe(true)
    expect((await api(second, '/setup', { code: codeOf(second), password })).status).toBe(201)
  })

  test('when listening fails at the first start, the second one prints a link', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    await expect(start({ port })).rejects.toThrow()
    other.close()
    const app = await start()
    expect((await api(app, '/setup', { code: codeOf(app), password })).status).toBe(201)
  })

  test('a weak password leaves the code as it was; wrong codes are bounded', async () => {
    const app = await start()
    const weak = await api(app, '/setup', { code: codeOf(app), password: 'password1234' })
    expect(weak.status).toBe(400)
    const statuses: number[] = []
    for (let guess = 0; guess < 8; guess += 1) {
      statuses.push((await api(app, '/setup', { code: `wrong-${guess}`, password })).status)
    }
    expect(statuses.slice(0, 5)).toEqual([401, 401, 401, 401, 401])
    expect(statuses.at(-1)).toBe(429)
  })

  test('an ended session is told from wrong credentials', async () => {
    const app = await start()
    const answer = await api(app, '/setup', { code: codeOf(app), password })
    const cookie = (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    await app.access.users.signOut('admin')
    const ended = await fetch(`${app.url}/api/v1/session`, { headers: { cookie } })
    expect(ended.status).toBe(401)
    expect(await ended.json()).toMatchObject({ details: [{ reason: 'sessionEnded' }] })
    const wrong = await api(app, '/session', { name: 'admin', password: 'not this one' })
    expect(await wrong.json()).toMatchObject({ details: [{ reason: 'invalidCredentials' }] })
    const nothing = await api(app, '/session')
    expect(nothing.status).toBe(401)
    expect(await nothing.json()).not.toHaveProperty('details')
  })
})
