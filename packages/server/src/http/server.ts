import { randomBytes } from 'node:crypto'
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, Socket } from 'node:net'
import { AddressList } from '../access/address-list.ts'
import type { Config } from '../config/schema.ts'
import { BerthError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { logAccess } from './access-log.ts'
import { refuseMalformed } from './client-error.ts'
import type { ConsoleDoor } from './console/serve.ts'
import type { Door } from './distribution/door.ts'
import { sendError, sendNoSuchEndpoint } from './distribution/errors.ts'
import { serveDistribution } from './distribution/routes.ts'
import { serveToken } from './distribution/token.ts'
import { Exchange } from './exchange.ts'
import type { Health } from './health.ts'
import type { ManagementServer } from './management/server.ts'
import type { ScannerAdapterDoor } from './scanner-adapter/serve.ts'
import type { HttpMetrics } from '../metrics.ts'
import type { ServerTls } from './tls.ts'
import type { Traffic } from './traffic.ts'

type HttpServerParts = {
  readonly config: Config['http']
  readonly logger: Logger
  readonly metrics: HttpMetrics
  readonly traffic: Traffic
  readonly health: Health
  readonly door: Door
  readonly management: ManagementServer
  /** `undefined`: Berth is no scanner for others. */
  readonly scannerAdapter: ScannerAdapterDoor | undefined
  readonly console: ConsoleDoor
  /** `undefined`: plain HTTP. */
  readonly tls: ServerTls | undefined
}

/**
 * Node's own defaults would cut an upload after five minutes, and close idle connections just when Go clients reuse
 * them (their pools keep them for 30 to 120 s). Stalled requests are cut by `http.stallTimeoutSeconds` instead.
 */
const limits: ServerOptions = {
  requestTimeout: 0,
  headersTimeout: 60_000,
  keepAliveTimeout: 150_000,
  connectionsCheckingInterval: 10_000,
  maxHeaderSize: 32 * 1024,
  noDelay: true,
  // Finds out about clients that vanished without a word, by probes of the kernel.
  keepAlive: true,
  keepAliveInitialDelay: 60_000,
}
const handshakeTimeoutMs = 30_000
const backlog = 2048
/** At most one line about refused connections in this time: they come in floods. */
const droppedNoteMs = 10_000
/** Accepted from a proxy or a client, and passed on to the log. */
const requestIdGrammar = /^[A-Za-z0-9._-]{1,64}$/

/** The listener for registry clients. */
export class HttpServer {
  readonly #parts: HttpServerParts
  readonly #server: Server
  readonly #allowed: AddressList | undefined
  readonly #sockets = new Set<Socket>()
  /** The request that each connection is busy with. */
  readonly #active = new Map<Socket, Exchange>()
  readonly #idPrefix = randomBytes(4).toString('hex')
  #requests = 0
  #isDraining = false
  #onIdle: (() => void) | undefined
  #closing: Promise<void> | undefined
  #droppedNoted = Number.NEGATIVE_INFINITY

  private constructor(parts: HttpServerParts) {
    const { config, tls } = parts
    this.#parts = parts
    if (config.allowedAddresses.length > 0) {
      this.#allowed = AddressList.parse(config.allowedAddresses, 'http.allowedAddresses')
    }
    this.#server = tls === undefined ? createServer(limits) : createSecureServer(tls)
    const server = this.#server
    server.maxConnections = config.maxConnections
    server.timeout = config.stallTimeoutSeconds * 1000
    server.on('request', (request, response) => this.#serve(request, response, false))
    server.on('checkContinue', (request, response) => this.#serve(request, response, true))
    server.on('timeout', (socket: Socket) => this.#onStall(socket))
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      const exchange = socket instanceof Socket ? this.#active.get(socket) : undefined
      refuseMalformed(error, socket, exchange)
    })
    server.on('drop', () => this.#noteDropped())
    // A TLS connection is seen twice: here before its handshake, and as the socket that requests come from.
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }

  /** Starts to listen. Rejects with the system's error when the address or port cannot be had. */
  static async open(parts: HttpServerParts): Promise<HttpServer> {
    const listener = new HttpServer(parts)
    const { address, port } = parts.config
    await new Promise<void>((resolve, reject) => {
      listener.#server.once('error', reject)
      listener.#server.listen({ host: address, port, backlog }, resolve)
    })
    listener.#server.removeAllListeners('error')
    listener.#server.on('error', (error) => parts.logger.error({ err: error }, 'listener failed'))
    return listener
  }

  /** Where it listens: the port is the real one, also when any free port was asked for. */
  get address(): AddressInfo {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('The server is closed.')
    return address
  }

  /** Requests under way. */
  get inFlight(): number {
    return this.#active.size
  }

  /**
   * Stops accepting, lets the requests under way end for `http.drainTimeoutSeconds`, then cuts them off.
   * Resolves when every connection is closed. Calling it twice is harmless.
   */
  close(): Promise<void> {
    this.#closing ??= this.#drain()
    return this.#closing
  }

  async #drain(): Promise<void> {
    this.#isDraining = true
    this.#parts.health.startDraining()
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#parts.tls?.close()
    for (const { response } of this.#active.values()) response.shouldKeepAlive = false
    if (this.#active.size > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve
        setTimeout(resolve, this.#parts.config.drainTimeoutSeconds * 1000).unref()
      })
    }
    if (this.#active.size > 0) {
      this.#parts.logger.warn({ requests: this.#active.size }, 'requests cut off while stopping')
    }
    // Also those that have not sent a request, or are in the middle of a handshake.
    for (const socket of this.#sockets) socket.destroySoon()
    setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy()
    }, 100).unref()
    await closed
  }

  #serve(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void {
    const { socket } = request
    const exchange = new Exchange(request, response, this.#requestId(request), awaitsContinue)
    this.#active.set(socket, exchange)
    if (this.#isDraining) response.shouldKeepAlive = false
    response.once('close', () => this.#finish(exchange))
    this.#route(exchange)
  }

  #route(exchange: Exchange): void {
    const { console, door, health, management, scannerAdapter } = this.#parts
    const target = originForm(exchange.request.url ?? '/')
    if (this.#allowed !== undefined && !this.#isAllowed(exchange, target)) {
      sendError(exchange, new BerthError('denied', 'This address may not use the registry.'))
      return
    }
    if (target.startsWith('/v2')) {
      void serveDistribution(door, exchange, target)
      return
    }
    if (target.startsWith('/api/')) {
      void management.serve(exchange, target)
      return
    }
    if (scannerAdapter !== undefined && target.startsWith('/adapter/')) {
      void scannerAdapter.serve(exchange, target)
      return
    }
    const mark = target.indexOf('?')
    const path = mark === -1 ? target : target.slice(0, mark)
    switch (path) {
      case '/token':
        void serveToken(door, exchange, mark === -1 ? '' : target.slice(mark + 1))
        return
      case '/livez':
        health.serveLive(exchange)
        return
      case '/readyz':
        void health.serveReady(exchange)
        return
      default:
        if (!console.serve(exchange, path)) sendNoSuchEndpoint(exchange)
    }
  }

  /** Whoever checks on the health of the process asks from wherever it runs. */
  #isAllowed({ request }: Exchange, target: string): boolean {
    if (target === '/livez' || target === '/readyz') return true
    const address = this.#parts.door.forwarding.clientAddress(request.headers, request.socket)
    return this.#allowed?.contains(address) ?? true
  }

  /** The answer is complete, or the connection is gone. */
  #finish(exchange: Exchange): void {
    const { socket } = exchange.request
    if (this.#active.get(socket) === exchange) this.#active.delete(socket)
    exchange.onAbort?.()
    logAccess(exchange, this.#parts)
    if (this.#isDraining && this.#active.size === 0) this.#onIdle?.()
  }

  /**
   * Nothing went in or out for `http.stallTimeoutSeconds`. The connection is cut if that is the client's doing: it
   * neither reads its answer nor sends the body that the server waits for. A server at work gets more time.
   */
  #onStall(socket: Socket): void {
    const exchange = this.#active.get(socket)
    if (exchange !== undefined && !exchange.isWaitingForClient) {
      socket.setTimeout(this.#server.timeout)
      return
    }
    socket.destroy()
  }

  #noteDropped(): void {
    const now = performance.now()
    if (now - this.#droppedNoted < droppedNoteMs) return
    this.#droppedNoted = now
    const { maxConnections } = this.#parts.config
    this.#parts.logger.warn({ maxConnections }, 'connections refused: http.maxConnections are open')
  }

  #requestId(request: IncomingMessage): string {
    const given = request.headers['x-request-id']
    if (typeof given === 'string' && requestIdGrammar.test(given)) return given
    this.#requests += 1
    return `${this.#idPrefix}-${this.#requests.toString(36)}`
  }
}

function createSecureServer(tls: ServerTls): Server {
  const server = createTlsServer({
    ...limits,
    handshakeTimeout: handshakeTimeoutMs,
    ...tls.options,
  })
  tls.watch(server)
  return server
}

/** The path and query of a request target: an absolute one (RFC 9112, section 3.2.2) loses its host. */
function originForm(target: string): string {
  if (target.startsWith('/')) return target
  const scheme = target.indexOf('://')
  if (scheme === -1) return '/'
  const slash = target.indexOf('/', scheme + 3)
  return slash === -1 ? '/' : target.slice(slash)
}
