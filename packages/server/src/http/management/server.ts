import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import type { Exchange } from '../exchange.ts'
import type { Binding } from './call.ts'
import { openDocuments, type ApiDocument } from './documents.ts'
import { invalidRequest } from './faults.ts'
import { matchesTemplate, parseTemplate, splitTarget } from './parameters.ts'
import { sendNoSuchRoute, sendProblem, sendWrongMethod } from './problem.ts'
import { apiRoot } from './reply.ts'
import { type BoundPath, type CallParts, serveCall } from './serve-call.ts'

export type ManagementParts = CallParts & {
  /** Every route there is: `managementRoutes`. */
  readonly bindings: readonly Binding[]
}

const parameterMax = 2048

/**
 * The management API. Fastify finds the route of a request and does nothing more: requests and answers stay those of the
 * exchange, so that both doors share their log, limits and metrics.
 */
export class ManagementServer {
  readonly #parts: ManagementParts
  readonly #fastify: FastifyInstance
  readonly #paths: readonly BoundPath[]
  readonly #documents: readonly ApiDocument[]
  /** The exchange that each request under way belongs to. */
  readonly #exchanges = new WeakMap<object, Exchange>()

  private constructor(parts: ManagementParts) {
    this.#parts = parts
    this.#documents = openDocuments(parts.bindings.map(({ route }) => route))
    this.#paths = parts.bindings.map((binding) => ({
      binding,
      template: parseTemplate(`${apiRoot}${binding.route.path}`),
    }))
    this.#fastify = Fastify({
      logger: false,
      exposeHeadRoutes: false,
      routerOptions: {
        maxParamLength: parameterMax,
        // Queries are read by the routes, strictly.
        querystringParser: () => ({}),
      },
      frameworkErrors: (_error, request, reply) => this.#refuse(request.raw, reply),
    })
  }

  /** Builds it. Throws when two routes have the same method and path, or the same id. */
  static async open(parts: ManagementParts): Promise<ManagementServer> {
    const management = new ManagementServer(parts)
    await management.#addRoutes()
    return management
  }

  /** Serves everything below `/api/`. `target` begins with `/`. Answers every failure itself; rejects never. */
  async serve(exchange: Exchange, target: string): Promise<void> {
    const { request, response } = exchange
    // The router reads it from there: the absolute form of a target has lost its host.
    if (request.url !== target) request.url = target
    this.#exchanges.set(request, exchange)
    this.#fastify.routing(request, response)
    return Promise.resolve()
  }

  async #addRoutes(): Promise<void> {
    const ids = new Set<string>()
    this.#fastify.removeAllContentTypeParsers()
    this.#fastify.addContentTypeParser('*', (_request, _payload, done) => done(null))
    for (const bound of this.#paths) {
      const { route } = bound.binding
      if (ids.has(route.id)) throw new Error(`Two routes have the id ${route.id}.`)
      ids.add(route.id)
      this.#fastify.route({
        method: route.method === 'GET' ? ['GET', 'HEAD'] : route.method,
        url: `${apiRoot}${route.path.replaceAll(/\{(\w+)\}/g, ':$1')}`,
        handler: (request, reply) =>
          this.#answer(request.raw, reply, async (exchange, target) => {
            try {
              await serveCall(this.#parts, exchange, bound, target)
            } catch (error) {
              const isOpen = !exchange.response.headersSent
              if (!isOpen || bound.binding.refuse?.(this.#parts.door, exchange, error) !== true)
                throw error
            }
          }),
      })
    }
    for (const document of this.#documents) {
      this.#fastify.route({
        method: ['GET', 'HEAD'],
        url: document.path,
        handler: (request, reply) =>
          this.#answer(request.raw, reply, (exchange) => {
            exchange.endpoint = document.endpoint
            const { bytes, headers } = document.content()
            exchange.send(200, headers, bytes)
          }),
      })
    }
    this.#fastify.setNotFoundHandler((request, reply) =>
      this.#answer(request.raw, reply, (exchange, target) => this.#sendUnknown(exchange, target)),
    )
    // Of what Fastify itself refuses before a handler is called, only a malformed Content-Type is left.
    this.#fastify.setErrorHandler((_error, request, reply) => this.#refuse(request.raw, reply))
    await this.#fastify.ready()
  }

  /** Takes the request away from Fastify and answers it, whatever happens. */
  async #answer(
    request: object & { url?: string | undefined },
    reply: FastifyReply,
    work: (exchange: Exchange, target: string) => Promise<void> | void,
  ): Promise<void> {
    reply.hijack()
    const exchange = this.#exchanges.get(request)
    if (exchange === undefined) throw new Error('A request came past ManagementServer.serve.')
    try {
      await work(exchange, request.url ?? '/')
    } catch (error) {
      if (exchange.response.headersSent) {
        // Too late to say so: an answer that cannot be finished must not look finished.
        exchange.failure = error
        exchange.response.destroy()
      } else {
        sendProblem(exchange, error)
      }
    }
  }

  #refuse(request: object, reply: FastifyReply): void {
    void this.#answer(request, reply, (exchange) => {
      const fault = { in: 'header', path: '', rule: 'malformed' } as const
      sendProblem(
        exchange,
        invalidRequest([
          { ...fault, message: 'or the path is malformed', accepted: 'HTTP as RFC 9110 has it' },
        ]),
      )
    })
  }

  /** No route has this path, or none with this method. */
  #sendUnknown(exchange: Exchange, target: string): void {
    const { path } = splitTarget(target)
    const methods = new Set<string>()
    for (const { binding, template } of this.#paths) {
      if (matchesTemplate(template, path)) methods.add(binding.route.method)
    }
    if (this.#documents.some((document) => document.path === path)) methods.add('GET')
    if (methods.has('GET')) methods.add('HEAD')
    if (methods.size === 0) sendNoSuchRoute(exchange)
    else sendWrongMethod(exchange, [...methods].sort().join(', '))
  }
}

/** Opens the management API for the given routes and services. */
export function openManagement(parts: ManagementParts): Promise<ManagementServer> {
  return ManagementServer.open(parts)
}
