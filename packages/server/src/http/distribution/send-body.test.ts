import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, get, type Server } from 'node:http'
import { connect } from 'node:net'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Exchange } from '../exchange.ts'
import { BodyBuffers } from './body-buffers.ts'
import { sendRange, ShortBodyError } from './send-body.ts'

const content = randomBytes(5 * 1024 * 1024 + 3)
const buffers = new BodyBuffers(4 * 1024 * 1024)
let server: Server
let port: number
/** What the next request does, and how that ended. */
let serve: (exchange: Exchange) => Promise<unknown>
let outcome: Promise<unknown>

beforeAll(async () => {
  server = createServer((request, response) => {
    const exchange = new Exchange(request, response, 'test', false)
    response.once('close', () => exchange.onAbort?.())
    outcome = serve(exchange)
    outcome.catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  port = typeof address === 'object' && address !== null ? address.port : 0
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

function source(end = content.length) {
  let reading = 0
  return {
    get isReading() {
      return reading > 0
    },
    async read(into: Buffer, position: number) {
      reading += 1
      await new Promise((resolve) => setImmediate(resolve))
      // A store may give less than was asked for, though not at the end.
      const wanted = Math.min(into.length, 300_000, Math.max(0, end - position))
      content.copy(into, 0, position, position + wanted)
      reading -= 1
      return wanted
    },
  }
}

function download(): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    get({ port, agent: false }, (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('error', reject)
      incoming.on('end', () => resolve(Buffer.concat(chunks)))
    })
  })
}

describe('sendRange', () => {
  it('end-2 sends exactly the range, whatever its bounds', async () => {
    const bound = fc.integer({ min: 0, max: content.length - 1 })
    await fc.assert(
      fc.asyncProperty(bound, bound, async (a, b) => {
        const range = { start: Math.min(a, b), end: Math.max(a, b) }
        serve = async (exchange) => {
          exchange.begin(200, ['Content-Length', String(range.end - range.start + 1)])
          if (await sendRange(exchange, source(), range, buffers)) exchange.response.end()
        }
        const body = await download()
        expect(body.equals(content.subarray(range.start, range.end + 1))).toBe(true)
      }),
      { numRuns: 25 },
    )
    expect(buffers.usage.used).toBe(0)
  })

  it('end-2 cuts the connection when the stored bytes end early, and pads nothing', async () => {
    serve = async (exchange) => {
      exchange.begin(200, ['Content-Length', String(content.length)])
      await sendRange(exchange, source(4_000_000), { start: 0, end: content.length - 1 }, buffers)
    }
    await expect(download()).rejects.toThrow(/aborted/)
    await expect(outcome).rejects.toBeInstanceOf(ShortBodyError)
    expect(buffers.usage.used).toBe(0)
  })

  it('end-2 stops when the client leaves, with no read under way and no buffer lost', async () => {
    for (const pause of [0, 1, 5, 20]) {
      const slow = source()
      const ended = Promise.withResolvers<boolean>()
      serve = async (exchange) => {
        exchange.begin(200, ['Content-Length', String(content.length * 100)])
        let isSent = true
        for (let i = 0; i < 100 && isSent; i++) {
          isSent = await sendRange(exchange, slow, { start: 0, end: content.length - 1 }, buffers)
        }
        ended.resolve(isSent)
      }
      const socket = connect(port, '127.0.0.1')
      socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
      await once(socket, 'data')
      await new Promise((resolve) => setTimeout(resolve, pause))
      socket.resetAndDestroy()
      expect(await ended.promise).toBe(false)
      expect(slow.isReading).toBe(false)
      expect(buffers.usage.used).toBe(0)
    }
  })

  it('end-2 holds two buffers at most while a client does not read', async () => {
    serve = async (exchange) => {
      exchange.begin(200, ['Content-Length', String(content.length * 100)])
      for (let i = 0; i < 100; i++) {
        const isSent = await sendRange(
          exchange,
          source(),
          { start: 0, end: content.length - 1 },
          buffers,
        )
        if (!isSent) return
      }
    }
    const socket = connect(port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(socket, 'data')
    socket.pause()
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(buffers.usage.used).toBeLessThanOrEqual(2 * 1024 * 1024)
    socket.resetAndDestroy()
    await outcome
    expect(buffers.usage.used).toBe(0)
  })
})

describe('BodyBuffers', () => {
  it('end-2 gives many downloads small buffers, so that all together keep to the budget', () => {
    const pool = new BodyBuffers(64 * 1024 * 1024)
    for (const [streams, size] of [
      [1, 1024],
      [32, 1024],
      [33, 512],
      [512, 64],
      [2048, 16],
      [20_000, 16],
    ] as const) {
      for (let i = 0; i < streams; i++) pool.join()
      const buffer = pool.take(1e9)
      expect([streams, buffer.length / 1024]).toEqual([streams, size])
      pool.give(buffer)
      for (let i = 0; i < streams; i++) pool.leave()
    }
  })

  it('end-2 takes no larger a buffer than the bytes need, and the same one again', () => {
    const pool = new BodyBuffers()
    pool.join()
    const buffer = pool.take(20_000)
    expect(buffer).toHaveLength(32 * 1024)
    pool.give(buffer)
    expect(pool.take(30_000)).toBe(buffer)
  })

  it('end-2 never reuses a buffer that a dead connection may still touch', () => {
    const pool = new BodyBuffers()
    pool.join()
    const buffer = pool.take(20_000)
    pool.drop(buffer)
    expect(pool.usage).toEqual({ used: 0, free: 0 })
    expect(pool.take(20_000)).not.toBe(buffer)
  })
})
