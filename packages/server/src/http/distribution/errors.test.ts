import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { FaultyStorage } from '../../testing/faulty-storage.ts'
import { basic, digestOf, errorCode, RegistryClient } from '../../testing/http-client.ts'
import { openTestServer, type TestServer } from '../../testing/open-test-server.ts'
import { openMemory } from '../../storage/memory.ts'

let server: TestServer
let client: RegistryClient
const storage = new FaultyStorage(openMemory())
const large = randomBytes(4 * 1024 * 1024)

beforeAll(async () => {
  server = await openTestServer({}, { storage })
  client = new RegistryClient(server.url, server.admin)
})
afterEach(() => storage.heal())
afterAll(() => server.close())

describe('a store that fails', () => {
  it('end-6 PUT: a full store is 507 with a reason that docker does not retry on', async () => {
    storage.arm({ operation: 'write', effect: { kind: 'fail', error: 'storageFull' }, times: 99 })
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    let received = ''
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
    })
    const authorization = `Authorization: ${basic(server.admin.name, server.admin.password)}`
    const body = randomBytes(500_000)
    socket.write(
      `POST /v2/a/blobs/uploads/?digest=${digestOf(body)} HTTP/1.1\r\nHost: x\r\n${authorization}\r\nContent-Length: ${body.length}\r\n\r\n`,
    )
    socket.write(body)
    await expect.poll(() => received).toContain('UNAVAILABLE')
    expect(received).toMatch(/^HTTP\/1\.1 507 [^\r]*no space left on device\r\n/)
    // The rest of the body was read away: the connection goes on.
    socket.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n')
    await expect.poll(() => received).toContain('HTTP/1.1 200 OK')
    socket.destroy()
  })

  it('end-2 GET: a store that does not answer is 503 with Retry-After, and tells no more', async () => {
    const digest = await client.pushBlob('a', large)
    storage.arm({ operation: 'open', effect: { kind: 'fail', error: 'unavailable' } })
    const answer = await client.send('GET', `/v2/a/blobs/${digest}`)
    expect(answer.status).toBe(503)
    expect(errorCode(answer)).toBe('UNAVAILABLE')
    expect(answer.headers['retry-after']).toMatch(/^\d+$/)
  })

  it.each([
    ['a read error', { kind: 'fail', error: 'unavailable' } as const],
    ['a file that was cut short', { kind: 'shorten', bytes: 0 } as const],
  ])(
    'end-2 GET: %s in the middle cuts the connection, and nothing is made up',
    async (_, effect) => {
      const digest = await client.pushBlob('a', large)
      storage.arm({ operation: 'read', effect, after: 2, times: 99 })
      await expect(client.send('GET', `/v2/a/blobs/${digest}`)).rejects.toThrow(/aborted|hang up/)
      storage.heal()
      expect((await client.send('GET', `/v2/a/blobs/${digest}`)).body.equals(large)).toBe(true)
    },
  )
})

describe('a defect', () => {
  it('end-3 GET: answers 500 with the request id and nothing of the cause', async () => {
    const broken = await openTestServer()
    try {
      await broken.app.database.close()
      const answer = await new RegistryClient(broken.url, broken.admin).send(
        'GET',
        '/v2/a/tags/list',
      )
      expect(answer.status).toBeGreaterThanOrEqual(500)
      expect(answer.body.toString()).not.toMatch(/sqlite|database|\/tmp|at /i)
      if (answer.status === 500) {
        expect(answer.body.toString()).toContain(String(answer.headers['x-request-id']))
      }
    } finally {
      await broken.close()
    }
  })
})
