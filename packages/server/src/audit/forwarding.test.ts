import { createHmac } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { createServer as createTlsServer } from 'node:tls'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ForwardTarget } from '../config/audit-schema.ts'
import { openTls } from '../http/tls.ts'
import { createLogger } from '../log.ts'
import { insertAuditEntry } from '../metadata/audit-entries.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { verifyExport } from './file-verification.ts'
import { AuditForwarder } from './forwarder.ts'
import { AuditForwarding } from './forwarding.ts'
import { AuditLog } from './log.ts'
import { AuditRetention } from './retention.ts'
import { AuditSealer } from './sealer.ts'
import { openTargets } from './targets.ts'

const dayMs = 86_400_000
const start = Date.parse('2026-01-01T00:00:00.000Z')

/** Something that listens, with what it got. */
type Receiver = { port: number; lines: string[]; raw: string[]; close(): Promise<void> }

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

function closing(server: Server): () => Promise<void> {
  return () => new Promise((resolve) => void server.close(() => resolve()))
}

/** Takes messages apart by octet counting: a number, a blank, so many bytes. */
function framesOf(bytes: Buffer): string[] {
  const frames: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const blank = bytes.indexOf(' ', at)
    const end = blank + 1 + Number(bytes.subarray(at, blank))
    frames.push(bytes.subarray(blank + 1, end).toString())
    at = end
  }
  return frames
}

/** The text of a message; checks the header of RFC 5424 on the way. */
function textOf(message: string): string {
  const header =
    /^<(\d{1,3})>1 \d{4}-\d\d-\d\dT[\d:.]+Z [\u0021-\u007e]{1,255} berth - [\u0021-\u007e]{1,32} - /
  expect(message).toMatch(header)
  return message.replace(header, '')
}

async function receiveStream(kind: 'tcp' | 'tls', tls: object, port = 0): Promise<Receiver> {
  const receiver = { lines: [] as string[], raw: [] as string[] }
  const take = (socket: NodeJS.ReadableStream) => {
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', () => undefined)
    socket.on('end', () => {
      const frames = framesOf(Buffer.concat(chunks))
      receiver.raw.push(...frames)
      receiver.lines.push(...frames.map(textOf))
    })
  }
  const server = kind === 'tcp' ? createTcpServer(take) : createTlsServer(tls, take)
  return { ...receiver, port: await listen(server, port), close: closing(server) }
}

async function receivePackets(): Promise<Receiver> {
  const receiver = { lines: [] as string[], raw: [] as string[] }
  const socket = createSocket('udp4')
  socket.on('message', (message) => {
    receiver.raw.push(message.toString())
    receiver.lines.push(textOf(message.toString()))
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  return {
    ...receiver,
    port: socket.address().port,
    close: () => new Promise((resolve) => void socket.close(() => resolve())),
  }
}

describe.each(testDatabases)('AuditForwarding on $name', (engine) => {
  describe.skipIf(!engine.available)('with sealed entries', () => {
    let test: TestDatabase
    let folder: string
    let closers: (() => Promise<void>)[]
    let now: number
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'berth-audit-'))
    })
    afterAll(async () => {
      await rm(folder, { recursive: true, force: true })
    })
    beforeEach(async () => {
      now = start
      test = await engine.open()
      closers = [() => test.close()]
    })
    afterEach(async () => {
      for (let close = closers.pop(); close; close = closers.pop()) await close()
    })

    const clock = () => now
    const write = async (count: number, more: { before?: unknown; after?: unknown } = {}) => {
      await test.database.transaction(async (tx) => {
        for (let number = 0; number < count; number += 1) {
          await insertAuditEntry(
            tx,
            {
              actor: { kind: 'user', id: 'u', name: 'ålice' },
              address: '192.0.2.1',
              requestId: 'r',
            },
            {
              action: 'tag.moved',
              targetKind: 'tag',
              target: `acme/app:${number}`,
              project: 'acme',
              ...more,
            },
            new Date(now).toISOString(),
          )
        }
      })
      await new AuditSealer({ database: test.database, now: clock }).seal()
    }
    const forwarderTo = (settings: ForwardTarget) => {
      const [target] = openTargets([settings], {
        fetch: (url, request) => fetch(url, request),
        now: clock,
      })
      return new AuditForwarder({ database: test.database, target: target!, now: clock })
    }
    const sendAll = async (forwarder: AuditForwarder) => {
      while ((await forwarder.sendNext(AbortSignal.timeout(10_000))) === 'sent');
    }
    const positionsIn = (lines: readonly string[]) =>
      lines.map((line) => (JSON.parse(line) as { position: number }).position)
    const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)
    const isWhole = async (lines: readonly string[]) => {
      async function* each() {
        yield* lines
      }
      return verifyExport(each(), { partial: false })
    }
    const syslog = (
      transport: 'udp' | 'tcp' | 'tls',
      port: number,
      caFile?: string,
    ): ForwardTarget => ({
      kind: 'syslog',
      name: 'siem',
      host: '127.0.0.1',
      port,
      transport,
      facility: 13,
      caFile,
    })
    const http = (
      port: number,
      more: { tokenFile?: string; hmacKeyFile?: string } = {},
    ): ForwardTarget => ({
      kind: 'http',
      name: 'siem',
      url: `http://127.0.0.1:${port}/in`,
      tokenFile: undefined,
      hmacKeyFile: undefined,
      ...more,
    })
    const tlsFiles = async () => {
      const logger = createLogger({ level: 'silent', format: 'json' }, new PassThrough())
      const tls = await openTls({ kind: 'selfSigned', hosts: [] }, folder, logger)
      if (tls?.caCertificateFile === undefined) throw new Error('no certificate was made')
      const { cert, key } = tls.options
      return { cert, key, caFile: tls.caCertificateFile }
    }

    it('sends every entry in order over TCP, and takes up a receiver that comes back where it was', async () => {
      await write(250)
      let receiver = await receiveStream('tcp', {})
      const { port } = receiver
      const first = forwarderTo(syslog('tcp', port))
      expect(await first.sendNext(AbortSignal.timeout(10_000))).toBe('sent')
      await receiver.close()
      expect(positionsIn(receiver.lines)).toEqual(upTo(100))
      await expect(first.sendNext(AbortSignal.timeout(10_000))).rejects.toThrow(/ECONNREFUSED/)

      const before = receiver.lines
      receiver = await receiveStream('tcp', {}, port)
      closers.push(receiver.close)
      await sendAll(first)
      expect(positionsIn([...before, ...receiver.lines])).toEqual(upTo(250))
      expect(await isWhole([...before, ...receiver.lines])).toMatchObject({
        fault: undefined,
        verified: 250,
      })
      expect(receiver.raw[0]).toMatch(/^<109>1 2026-01-01T00:00:00.000Z \S+ berth - tag.moved - \{/)
    })

    it('sends again what a server had not read when it died', async () => {
      await write(5)
      // Reads nothing and resets: the bytes were in the hands of the system already.
      const dead = createTcpServer({ pauseOnConnect: true }, (socket) => socket.resetAndDestroy())
      const port = await listen(dead, 0)
      const forwarder = forwarderTo(syslog('tcp', port))
      await expect(forwarder.sendNext(AbortSignal.timeout(10_000))).rejects.toThrow()
      await closing(dead)()
      const receiver = await receiveStream('tcp', {}, port)
      closers.push(receiver.close)
      await sendAll(forwarder)
      expect(positionsIn(receiver.lines)).toEqual(upTo(5))
    })

    it('gives a server up that never answers', async () => {
      await write(1)
      const silent = createTcpServer({ pauseOnConnect: true })
      const sockets: { destroy(): void }[] = []
      silent.on('connection', (socket) => sockets.push(socket))
      const port = await listen(silent, 0)
      const stopping = new AbortController()
      const sending = forwarderTo(syslog('tcp', port)).sendNext(stopping.signal)
      await new Promise((resolve) => silent.once('connection', resolve))
      stopping.abort()
      await expect(sending).rejects.toThrow()
      for (const socket of sockets) socket.destroy()
      await closing(silent)()
    })

    it('sends over TLS to a server whose certificate it trusts, and to no other', async () => {
      await write(3)
      const { caFile, ...files } = await tlsFiles()
      const receiver = await receiveStream('tls', files)
      closers.push(receiver.close)
      await expect(
        forwarderTo(syslog('tls', receiver.port)).sendNext(AbortSignal.timeout(10_000)),
      ).rejects.toThrow(/certificate/)
      expect(receiver.lines).toEqual([])
      await sendAll(forwarderTo(syslog('tls', receiver.port, caFile)))
      // The TLS of the server answers the end of the stream before the program has seen it.
      await expect.poll(() => positionsIn(receiver.lines)).toEqual(upTo(3))
    })

    it('sends one packet for each entry over UDP, and cuts what no packet holds', async () => {
      await write(2)
      // Quotation marks are escaped twice, so this is far beyond 64 KiB as a message.
      const quotes = '"'.repeat(8190)
      await write(1, { before: quotes, after: quotes })
      const receiver = await receivePackets()
      closers.push(receiver.close)
      await sendAll(forwarderTo(syslog('udp', receiver.port)))
      await expect.poll(() => positionsIn(receiver.lines)).toEqual([1, 2, 3])
      expect(JSON.parse(receiver.lines[2]!)).toMatchObject({ before: null, after: null })
    })

    it('posts JSON lines with a token and a signature, until the target says that it has them', async () => {
      await write(120)
      const tokenFile = join(folder, 'token')
      const hmacKeyFile = join(folder, 'key')
      await writeFile(tokenFile, 'let-me-in\n')
      await writeFile(hmacKeyFile, 'signing key\n')
      const requests: { headers: IncomingMessage['headers']; body: string }[] = []
      const statuses = [503, 302, 200, 204]
      const server = createHttpServer((request, response) => {
        const chunks: Buffer[] = []
        request.on('data', (chunk: Buffer) => chunks.push(chunk))
        request.on('end', () => {
          requests.push({ headers: request.headers, body: Buffer.concat(chunks).toString() })
          response.writeHead(statuses.shift() ?? 200, { location: '/elsewhere' }).end()
        })
      })
      const port = await listen(server, 0)
      closers.push(closing(server))
      const forwarder = forwarderTo(http(port, { tokenFile, hmacKeyFile }))
      const signal = AbortSignal.timeout(10_000)
      await expect(forwarder.sendNext(signal)).rejects.toThrow(/503/)
      await expect(forwarder.sendNext(signal)).rejects.toThrow(/302/)
      await sendAll(forwarder)
      const bodies = requests.map(({ body }) => positionsIn(body.trimEnd().split('\n')))
      expect(bodies).toEqual([upTo(100), upTo(100), upTo(100), upTo(120).slice(100)])
      const { headers, body } = requests[3]!
      const seconds = start / 1000
      const signature = createHmac('sha256', 'signing key')
        .update(`${seconds}.${body}`)
        .digest('hex')
      expect(headers).toMatchObject({
        authorization: 'Bearer let-me-in',
        'berth-signature': `t=${seconds},v1=${signature}`,
        'berth-first-position': '101',
        'berth-last-position': '120',
        'content-type': 'application/jsonl; charset=utf-8',
      })
    })

    it('goes on where it was after a restart, and lets one process at a time send', async () => {
      await write(150)
      const taken: number[] = []
      const gate = Promise.withResolvers<void>()
      const slow = (name: string) =>
        new AuditForwarder({
          database: test.database,
          now: clock,
          target: {
            name,
            async send(entries) {
              taken.push(...entries.map(({ entry }) => entry.position ?? 0))
              await gate.promise
            },
          },
        })
      const signal = new AbortController().signal
      const sending = slow('siem').sendNext(signal)
      await expect.poll(() => taken.length).toBe(100)
      expect(await slow('siem').sendNext(signal)).toBe('idle')
      expect(taken).toHaveLength(100)
      // As if the first process had died: its lease ends by itself, and what it sent is sent once more.
      now += 3 * 60_000
      const second = slow('siem').sendNext(signal)
      await expect.poll(() => taken.length).toBe(200)
      gate.resolve()
      expect(await second).toBe('sent')
      // It was not dead after all, but what it says is no longer asked for.
      await sending
      await sendAll(slow('siem'))
      expect(taken).toEqual([...upTo(100), ...upTo(100), ...upTo(150).slice(100)])
      await sendAll(slow('other'))
      expect(taken).toHaveLength(400)
    })

    it('keeps going when a target is dead: longer pauses, one line in the log, a status', async () => {
      await write(1)
      const lines: string[] = []
      const logger = createLogger(
        { level: 'info', format: 'json' },
        new PassThrough({ encoding: 'utf8' }).on('data', (line: string) => lines.push(line)),
      )
      const sent: string[] = []
      let isDown = true
      const target = (name: string) => ({
        name,
        send: async () => {
          if (name === 'dead' && isDown) throw new Error('nobody is there')
          sent.push(name)
        },
      })
      const pauses: number[] = []
      const stopping = new AbortController()
      const forwarding = new AuditForwarding({
        logger,
        forwarders: ['dead', 'alive'].map(
          (name) =>
            new AuditForwarder({ database: test.database, target: target(name), now: clock }),
        ),
        pause: async (milliseconds) => {
          // The one that is alive waits for its turn of one second each time.
          if (!isDown && sent.includes('dead')) stopping.abort()
          if (milliseconds > 1000 || forwarding.failures.size > 0) pauses.push(milliseconds)
          if (pauses.includes(300_000)) isDown = false
          await new Promise((resolve) => setImmediate(resolve))
        },
      })
      const log = new AuditLog({
        database: test.database,
        targets: ['dead', 'alive'],
        failures: forwarding.failures,
      })
      const running = forwarding.run(stopping.signal)
      await expect.poll(() => sent).toContain('alive')
      await running
      expect(pauses.filter((pause) => pause > 1000).slice(0, 9)).toEqual([
        2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000,
      ])
      expect(sent.toSorted()).toEqual(['alive', 'dead'])
      expect(lines.filter((line) => line.includes('takes nothing'))).toHaveLength(1)
      expect(lines.filter((line) => line.includes('takes entries again'))).toHaveLength(1)
      expect((await log.status()).forwarded).toEqual([
        { name: 'dead', position: 1, waiting: 0, failure: undefined },
        { name: 'alive', position: 1, waiting: 0, failure: undefined },
      ])
    })

    it('leaves to retention only what every target has taken', async () => {
      await write(30)
      now += 100 * dayMs
      await write(10)
      const retention = (targets: string[]) =>
        new AuditRetention({ database: test.database, retentionDays: 50, targets, now: clock })
      expect(await retention(['siem']).run()).toBe(0)
      const receiver = await receiveStream('tcp', {})
      closers.push(receiver.close)
      await sendAll(forwarderTo(syslog('tcp', receiver.port)))
      expect(await retention(['siem', 'other']).run()).toBe(0)
      expect(await retention(['siem']).run()).toBe(30)
      await new AuditSealer({ database: test.database, now: clock }).seal()
      // A target that is new begins with what is left.
      const taken: number[] = []
      await sendAll(
        new AuditForwarder({
          database: test.database,
          now: clock,
          target: {
            name: 'new',
            send: async (entries) =>
              void taken.push(...entries.map(({ entry }) => entry.position ?? 0)),
          },
        }),
      )
      expect(taken).toEqual([...upTo(40).slice(30), 41])
    })
  })
})
