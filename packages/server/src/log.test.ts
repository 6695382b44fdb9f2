import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLogger, type Logger, redactUrl } from './log.ts'

async function linesOf(
  write: (logger: Logger) => void,
  level: 'info' | 'debug' | 'silent' = 'info',
): Promise<Record<string, unknown>[]> {
  const stream = new PassThrough()
  const logger = createLogger({ level, format: 'json' }, stream)
  write(logger)
  await logger.close()
  stream.end()
  return (await text(stream))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

describe('lines', () => {
  it('are JSON with a time, the level by name, the fields and the message', async () => {
    const [line, ...others] = await linesOf((logger) => {
      logger.info({ repository: 'a/b', size: 7 }, 'Pushed')
      logger.debug('not written')
    })
    expect(others).toEqual([])
    expect(line).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      repository: 'a/b',
      size: 7,
      msg: 'Pushed',
    })
  })

  it('keep the level', async () => {
    expect(await linesOf((logger) => logger.debug('x'), 'debug')).toHaveLength(1)
    expect(await linesOf((logger) => logger.fatal('x'), 'silent')).toEqual([])
  })

  it('are text for people when asked for', async () => {
    const stream = new PassThrough()
    const logger = createLogger({ level: 'info', format: 'text' }, stream)
    logger.warn({ port: 5000, password: 'hunter2' }, 'Ready')
    stream.end()
    const written = await text(stream)
    expect(written).toMatch(/WARN.*Ready\n {4}port: 5000/)
    expect(written).not.toContain('hunter2')
  })

  it('follow the stream in format auto', async () => {
    const terminal = Object.assign(new PassThrough(), { isTTY: true })
    createLogger({ level: 'info', format: 'auto' }, terminal).info('x')
    terminal.end()
    expect(await text(terminal)).not.toMatch(/^\{/)
    const pipe = new PassThrough()
    createLogger({ level: 'info', format: 'auto' }, pipe).info('x')
    pipe.end()
    expect(await text(pipe)).toMatch(/^\{/)
  })
})

describe('secrets', () => {
  const names = [
    'authorization',
    'Authorization',
    'proxy-authorization',
    'cookie',
    'set-cookie',
    'password',
    'newPassword',
    'token',
    'access_token',
    'refreshToken',
    'client_secret',
    'secret',
  ]

  it.each(names)('under the name %s are hidden at every depth', async (name) => {
    const secret = { [name]: 'hunter2' }
    const error = Object.assign(new Error('failed'), { request: { headers: secret } })
    const lines = await linesOf((logger) => {
      logger.info(secret, 'x')
      logger.info({ a: { b: [{ c: secret }] }, kept: 1 }, 'x')
      logger.error(error)
      logger.error({ err: error, other: error }, 'x')
    })
    expect(JSON.stringify(lines)).not.toContain('hunter2')
    expect(lines[1]).toMatchObject({ kept: 1, a: { b: [{ c: { [name]: '[hidden]' } }] } })
    expect(lines[2]).toMatchObject({ err: { message: 'failed', stack: expect.any(String) } })
  })

  it('are hidden in a child logger', async () => {
    const lines = await linesOf((logger) => {
      logger.child({ password: 'hunter2', requestId: 'r' }).info({ token: 'hunter2' }, 'x')
    })
    expect(lines).toMatchObject([{ password: '[hidden]', token: '[hidden]', requestId: 'r' }])
  })

  it('leave other names and the logged object alone', async () => {
    const fields = {
      tokens: 3,
      tokenLifetimeSeconds: 300,
      cookies: 2,
      password: 'p',
      at: new Date(0),
    }
    const [line] = await linesOf((logger) => logger.info(fields, 'x'))
    expect(line).toMatchObject({
      tokens: 3,
      tokenLifetimeSeconds: 300,
      cookies: 2,
      password: '[hidden]',
      at: '1970-01-01T00:00:00.000Z',
    })
    expect(fields.password).toBe('p')
  })

  it('in something without end are cut off', async () => {
    const ring: Record<string, unknown> = { password: 'hunter2' }
    ring['ring'] = ring
    const lines = await linesOf((logger) => logger.info(ring, 'x'))
    expect(JSON.stringify(lines)).toContain('[too deep]')
    expect(JSON.stringify(lines)).not.toContain('hunter2')
  })
})

describe('redactUrl', () => {
  it.each([
    ['/v2/a/b/manifests/latest', '/v2/a/b/manifests/latest'],
    ['/v2/a/tags/list?n=100&last=v1', '/v2/a/tags/list?n=100&last=v1'],
    ['/v2/a/blobs/uploads/?mount=sha256:ab&from=b', '/v2/a/blobs/uploads/?mount=sha256:ab&from=b'],
    ['/token?service=x&password=hunter2', '/token?service=x&password=[hidden]'],
    ['/token?hunter2', '/token?[hidden]'],
    ['/token?pass%77ord=hunter2&scope=a', '/token?pass%77ord=[hidden]&scope=a'],
    ['http://user:hunter2@host/v2/', 'http://[hidden]@host/v2/'],
    ['//user:hunter2@host/v2/?', '//[hidden]@host/v2/?'],
  ])('%s', (url, expected) => {
    expect(redactUrl(url)).toBe(expected)
  })

  it('cuts what is very long', () => {
    expect(redactUrl(`/v2/${'a'.repeat(10_000)}`)).toHaveLength(2049)
  })

  it('never shows the value of a parameter that it does not know', () => {
    fc.assert(
      fc.property(fc.webUrl(), fc.stringMatching(/^[b-m]{1,9}$/), (url, name) => {
        expect(redactUrl(`${url}?${name}=hunter2&digest=x`)).not.toContain('hunter2')
      }),
    )
  })
})

describe('standard output', () => {
  const program = (body: string) => [
    '--input-type=module',
    '-e',
    `import { createLogger } from ${JSON.stringify(import.meta.resolve('./log.ts'))}
    const logger = createLogger({ level: 'info', format: 'auto' })
    ${body}`,
  ]
  const run = promisify(execFile)
  const all = 'for (let i = 0; i < 1000; i += 1) logger.info({ i }, "line");'

  it.each([
    ['the process ends by itself', ''],
    ['process.exit is called', 'process.exit(0)'],
    ['it is closed', 'await logger.close(); process.kill(process.pid, "SIGKILL")'],
  ])('gets every line when %s', async (_, ending) => {
    const child = spawn(process.execPath, program(`${all} ${ending}`), {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines = (await text(child.stdout)).trim().split('\n')
    expect(lines).toHaveLength(1000)
    expect(JSON.parse(lines[999] ?? '')).toMatchObject({ i: 999 })
  })

  it('gets every line when the process dies of an error', async () => {
    const failed = run(process.execPath, program(`${all} throw new Error('x')`))
    await expect(failed).rejects.toMatchObject({ stdout: expect.stringContaining('"i":999') })
  })

  it('gets a line within about a second, without more of them', async () => {
    const body = 'logger.info("waiting"); setInterval(() => {}, 1000)'
    const child = spawn(process.execPath, program(body), { stdio: ['ignore', 'pipe', 'inherit'] })
    const [chunk] = await once(child.stdout, 'data')
    child.kill()
    expect(String(chunk)).toContain('waiting')
  })
})
