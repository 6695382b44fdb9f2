import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { get } from 'node:https'
import { connect, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ask, basic, digestOf, exchangeBytes, RegistryClient } from '../testing/http-client.ts'
import { openTestServer, type TestServer } from '../testing/open-test-server.ts'

const opened: TestServer[] = []
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const server of opened.splice(0)) await server.close()
})

async function open(overrides: Parameters<typeof openTestServer>[0] = {}): Promise<TestServer> {
  const server = await openTestServer(overrides)
  opened.push(server)
  return server
}

/** A raw connection to the server, with what it received so far. */
async function dial(server: TestServer): Promise<{ socket: Socket; received: () => string }> {
  const { hostname, port } = new URL(server.url)
  const socket = connect(Number(port), hostname)
  sockets.push(socket)
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
  })
  return { socket, received: () => text }
}

function authorization(server: TestServer): string {
  return `Authorization: ${basic(server.admin.name, server.admin.password)}\r\n`
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe('requests', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await openTestServer()
  })
  afterAll(() => server.close())

  it('every answer has an id, its own or the one that a proxy gave', async () => {
    const first = await ask(server.url, { path: '/v2/' })
    const second = await ask(server.url, { path: '/v2/' })
    expect(first.headers['x-request-id']).toMatch(/^[\w.-]+$/)
    expect(first.headers['x-request-id']).not.toBe(second.headers['x-request-id'])
    const given = async (id: string) =>
      (await ask(server.url, { path: '/v2/', headers: { 'x-request-id': id } })).headers[
        'x-request-id'
      ]
    expect(await given('from-a.proxy_1')).toBe('from-a.proxy_1')
    expect(await given('x'.repeat(65))).not.toBe('x'.repeat(65))
    expect(await given('a b')).not.toBe('a b')
  })

  it.each([
    ['nonsense', 'nonsense\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['no Host', 'GET /v2/ HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 /],
    [
      'two lengths',
      'PUT /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      /^HTTP\/1\.1 400 /,
    ],
    [
      'length and chunks',
      'PUT /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      /^HTTP\/1\.1 400 /,
    ],
    [
      'huge headers',
      `GET /v2/ HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`,
      /^HTTP\/1\.1 431 /,
    ],
    ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', /^$/],
  ])(
    'bytes that are not a request (%s) end the connection and nothing else',
    async (_, bytes, answer) => {
      expect(await exchangeBytes(server.url, bytes)).toMatch(answer)
      expect((await ask(server.url, { path: '/livez' })).status).toBe(200)
    },
  )

  it('a refused upload is answered before its body when the client waits for 100 Continue', async () => {
    const text = await exchangeBytes(
      server.url,
      'PUT /v2/a/manifests/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n',
    )
    expect(text).toMatch(/^HTTP\/1\.1 401 /)
    expect(text).not.toContain('100 Continue')
  })

  it('an accepted upload gets 100 Continue', async () => {
    const { socket, received } = await dial(server)
    const body = randomBytes(100)
    socket.write(
      `POST /v2/a/blobs/uploads/?digest=${digestOf(body)} HTTP/1.1\r\nHost: x\r\n${authorization(server)}` +
        'Content-Length: 100\r\nExpect: 100-continue\r\n\r\n',
    )
    await expect.poll(received).toContain('HTTP/1.1 100 Continue')
    socket.write(body)
    await expect.poll(received).toContain('HTTP/1.1 201 Created')
  })

  it('a refused upload that goes on sending reads its answer, and then the connection ends', async () => {
    const { socket, received } = await dial(server)
    const closed = once(socket, 'close')
    socket.write(
      'PATCH /v2/a/blobs/uploads/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n',
    )
    const chunk = Buffer.concat([
      Buffer.from('10000\r\n'),
      randomBytes(65_536),
      Buffer.from('\r\n'),
    ])
    const sending = setInterval(() => socket.write(chunk), 5)
    await closed
    clearInterval(sending)
    expect(received()).toMatch(/^HTTP\/1\.1 401 /)
    expect(received()).toMatch(/\r\nconnection: close\r\n/i)
    expect(received()).toContain('UNAUTHORIZED')
  })

  it('a refused small upload leaves the connection usable', async () => {
    const { socket, received } = await dial(server)
    socket.write('PUT /v2/a/manifests/x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello')
    await expect.poll(received).toContain('UNAUTHORIZED')
    socket.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n')
    await expect.poll(received).toContain('HTTP/1.1 200 OK')
  })

  it('requests sent without waiting are answered in their order', async () => {
    const { socket, received } = await dial(server)
    const paths = ['/livez', '/v2/', '/nothing', '/readyz', '/v2/', '/livez']
    socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''))
    const statuses = () => [...received().matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)
    await expect.poll(statuses).toEqual(['200', '401', '404', '200', '401', '200'])
  })

  it('clients that leave at any moment of a download do no harm', async () => {
    const client = new RegistryClient(server.url, server.admin)
    const digest = await client.pushBlob('a', randomBytes(8 * 1024 * 1024))
    for (let i = 0; i < 20; i++) {
      const { socket } = await dial(server)
      socket.write(
        `GET /v2/a/blobs/${digest} HTTP/1.1\r\nHost: x\r\nRange: bytes=${i * 1000}-\r\n${authorization(server)}\r\n`,
      )
      await sleep(i % 5)
      if (i % 2 === 0) socket.resetAndDestroy()
      else socket.destroy()
    }
    const answer = await client.send('GET', `/v2/a/blobs/${digest}`)
    expect(answer.body).toHaveLength(8 * 1024 * 1024)
  })
})

describe('stalls', () => {
  it('an upload that stops is cut, one that is slow goes on', async () => {
    const server = await open({ http: { stallTimeoutSeconds: 1 } })
    const client = new RegistryClient(server.url, server.admin)
    const start = await client.startUpload('a')
    const { socket } = await dial(server)
    const closed = once(socket, 'close')
    socket.write(
      `PATCH ${start} HTTP/1.1\r\nHost: x\r\n${authorization(server)}Content-Length: 100\r\n\r\nfirst`,
    )
    await closed
    expect((await client.send('GET', start)).headers.range).toBe('0-0')

    const slow = await dial(server)
    slow.socket.write(
      `PATCH ${start} HTTP/1.1\r\nHost: x\r\n${authorization(server)}Content-Length: 8\r\n\r\n`,
    )
    for (let i = 0; i < 8; i++) {
      await sleep(300)
      slow.socket.write('x')
    }
    await expect.poll(slow.received).toContain('HTTP/1.1 202')
  })

  it('a download that nobody reads is cut', async () => {
    const server = await open({ http: { stallTimeoutSeconds: 1 } })
    const client = new RegistryClient(server.url, server.admin)
    const digest = await client.pushBlob('a', randomBytes(32 * 1024 * 1024))
    const { socket } = await dial(server)
    socket.pause()
    socket.write(`GET /v2/a/blobs/${digest} HTTP/1.1\r\nHost: x\r\n${authorization(server)}\r\n`)
    await sleep(3500)
    const bytes = { read: 0 }
    socket.on('data', (chunk) => {
      bytes.read += chunk.length
    })
    socket.resume()
    await once(socket, 'close')
    expect(bytes.read).toBeLessThan(32 * 1024 * 1024)
  })
})

describe('TLS', () => {
  it('serves the protocol with a certificate of its own, and asks for credentials by https', async () => {
    const server = await open({ http: { tls: { kind: 'selfSigned', hosts: ['localhost'] } } })
    const ca = await readFile(server.app.caCertificateFile ?? '')
    const { port } = new URL(server.url)
    const challenge = await new Promise((resolve, reject) => {
      get({ host: 'localhost', port, path: '/v2/', ca, agent: false }, (incoming) => {
        incoming.resume()
        resolve(incoming.headers['www-authenticate'])
      }).on('error', reject)
    })
    expect(challenge).toContain(`realm="https://localhost:${port}/token"`)
    // Plain text where a handshake is due ends that connection only.
    const plain = server.url.replace('https:', 'http:')
    expect(await exchangeBytes(plain, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).not.toContain('200')
  })
})

describe('health', () => {
  it('livez and readyz answer without credentials', async () => {
    const server = await open()
    for (const path of ['/livez', '/readyz', '/readyz?verbose']) {
      const answer = await ask(server.url, { path })
      expect(answer.status).toBe(200)
      expect(JSON.parse(answer.body.toString())).toEqual({ status: 'ok' })
    }
  })
})

describe('stopping', () => {
  it('lets requests under way finish, refuses new connections and closes the rest', async () => {
    const server = await open()
    const client = new RegistryClient(server.url, server.admin)
    const start = await client.startUpload('a')
    const idle = await dial(server)
    const busy = await dial(server)
    busy.socket.write(
      `PATCH ${start} HTTP/1.1\r\nHost: x\r\n${authorization(server)}Content-Length: 10\r\n\r\n01234`,
    )
    await sleep(200)
    const stopped = server.stop()
    await expect
      .poll(() => ask(server.url, { path: '/livez' }).catch(() => 'refused'))
      .toBe('refused')
    busy.socket.write('56789')
    await expect.poll(busy.received).toContain('HTTP/1.1 202')
    expect(busy.received()).toMatch(/\r\nconnection: close\r\n/i)
    await stopped
    await expect.poll(() => idle.socket.destroyed).toBe(true)
  })

  it('cuts off requests that take longer than the drain timeout', async () => {
    const server = await open({ http: { drainTimeoutSeconds: 1 } })
    const client = new RegistryClient(server.url, server.admin)
    const start = await client.startUpload('a')
    const { socket } = await dial(server)
    socket.write(
      `PATCH ${start} HTTP/1.1\r\nHost: x\r\n${authorization(server)}Content-Length: 10\r\n\r\n01234`,
    )
    await sleep(200)
    const before = performance.now()
    await server.stop()
    expect(performance.now() - before).toBeLessThan(4000)
    await expect.poll(() => socket.destroyed).toBe(true)
  })
})
