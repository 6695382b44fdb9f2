import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, brotliDecompressSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ask } from '../../testing/http-client.ts'
import { openTestServer, type TestServer } from '../../testing/open-test-server.ts'

const script = 'export const berth = 1\n'.repeat(100)
const page =
  '<!doctype html><html><head><base href="/" /><script type="module" src="./assets/a-1.js"></script></head></html>'

let directory: string
let server: TestServer
let behindPrefix: TestServer

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'berth-console-'))
  await mkdir(join(directory, 'assets'))
  await writeFile(join(directory, 'index.html'), page)
  await writeFile(join(directory, 'assets/a-1.js'), script)
  await writeFile(join(directory, 'assets/a-1.js.br'), brotliCompressSync(script))
  await writeFile(join(directory, 'assets/a-1.js.gz'), gzipSync(script))
  await writeFile(join(directory, 'berth.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>')
  await writeFile(join(directory, 'licences.txt'), 'The licences\n')
  vi.stubEnv('BERTH_CONSOLE_DIRECTORY', directory)
  server = await openTestServer()
  const port = await freePort()
  behindPrefix = await openTestServer({
    http: { port, externalUrl: `http://127.0.0.1:${port}/tools/berth` },
  })
})

afterAll(async () => {
  await server?.close()
  await behindPrefix?.close()
  vi.unstubAllEnvs()
  await rm(directory, { recursive: true, force: true })
})

/** A port that nobody listens at, as the address that clients use must be known before the server starts. */
async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  listener.close()
  await once(listener, 'close')
  if (address === null || typeof address === 'string') throw new Error('There is no port.')
  return address.port
}

const html = { accept: 'text/html,application/xhtml+xml' }

describe('the page', () => {
  it('is served at / and at every path that a browser asks for, with a nonce of its own each time', async () => {
    const nonces = new Set<string>()
    for (const path of ['/', '/repositories', '/repositories/acme%2Fapi/images/1.0?x=1']) {
      const answer = await ask(server.url, { path, headers: html })
      expect(answer.status).toBe(200)
      expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
      expect(answer.headers['cache-control']).toBe('no-store')
      const nonce = /nonce="([^"]+)"/.exec(answer.body.toString())?.[1] ?? ''
      expect(nonce).toMatch(/^[A-Za-z0-9+/]{24}$/)
      expect(answer.headers['content-security-policy']).toContain(
        `style-src 'self' 'nonce-${nonce}'`,
      )
      nonces.add(nonce)
    }
    expect(nonces.size).toBe(3)
  })

  it('allows no inline script, no code made from text, and no other site', async () => {
    const { headers } = await ask(server.url, { path: '/', headers: html })
    const policy = String(headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self';")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/unsafe|https?:|\*/)
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['cross-origin-opener-policy']).toBe('same-origin')
  })

  it('knows the path prefix of the address that clients use', async () => {
    const at = async ({ url }: TestServer) =>
      (await ask(new URL(url).origin, { path: '/projects', headers: html })).body.toString()
    expect(await at(server)).toContain('<base href="/" />')
    expect(await at(behindPrefix)).toContain('<base href="/tools/berth/" />')
  })

  it('is not given to programs that ask for what does not exist, nor in the place of another door', async () => {
    expect((await ask(server.url, { path: '/nothing' })).status).toBe(404)
    expect((await ask(server.url, { path: '/assets/gone.js', headers: html })).status).toBe(404)
    expect((await ask(server.url, { path: '/api/v1/nothing', headers: html })).status).toBe(404)
    const v2 = await ask(server.url, { path: '/v2/', headers: html })
    expect(v2.headers['content-type']).toMatch(/^application\/json/)
    const post = await ask(server.url, { method: 'POST', path: '/projects', headers: html })
    expect(post.status).toBe(404)
  })
})

describe('its files', () => {
  it('come in the best encoding that the client takes, and may be kept for good', async () => {
    const path = '/assets/a-1.js'
    const asked = async (encoding: string) =>
      ask(server.url, { path, headers: { 'accept-encoding': encoding } })
    const best = await asked('gzip, deflate, br')
    expect(best.headers['content-encoding']).toBe('br')
    expect(brotliDecompressSync(best.body).toString()).toBe(script)
    expect(best.headers['cache-control']).toBe('public, max-age=31536000, immutable')
    expect((await asked('gzip')).headers['content-encoding']).toBe('gzip')
    expect((await asked('br;q=0, gzip;q=0')).headers['content-encoding']).toBeUndefined()
    const plain = await ask(server.url, { path })
    expect(plain.body.toString()).toBe(script)
    expect(plain.headers['content-type']).toBe('text/javascript; charset=utf-8')
  })

  it('tell of the licences of what is in them, as text', async () => {
    const { headers, body } = await ask(server.url, { path: '/licences.txt', headers: html })
    expect(headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(body.toString()).toBe('The licences\n')
  })

  it('are not sent again to who has them', async () => {
    const first = await ask(server.url, { path: '/berth.svg' })
    expect(first.headers['cache-control']).toBe('no-cache')
    const headers = { 'if-none-match': String(first.headers['etag']) }
    const second = await ask(server.url, { path: '/berth.svg', headers })
    expect(second.status).toBe(304)
    expect(second.body.length).toBe(0)
  })

  it('are those of the console and no others', async () => {
    for (const path of [
      '/index.html',
      '/../package.json',
      '/assets/../index.html',
      '/assets/%2e%2e/index.html',
      '/assets/a-1.js.br',
    ]) {
      const { status } = await ask(server.url, { path })
      expect(status, path).toBe(404)
    }
  })
})

it('a Berth without a built console says what to do, and serves everything else', async () => {
  const empty = await mkdtemp(join(tmpdir(), 'berth-no-console-'))
  vi.stubEnv('BERTH_CONSOLE_DIRECTORY', empty)
  const bare = await openTestServer()
  try {
    const answer = await ask(bare.url, { path: '/', headers: html })
    expect(answer.status).toBe(503)
    expect(answer.body.toString()).toContain('npm run build:console')
    expect((await ask(bare.url, { path: '/livez' })).status).toBe(200)
  } finally {
    await bare.close()
    await rm(empty, { recursive: true, force: true })
  }
})
