import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Exchange } from '../exchange.ts'
import { type ConsoleFile, ConsoleFiles, type EncodedFile } from './files.ts'

const common = [
  'X-Content-Type-Options',
  'nosniff',
  'Referrer-Policy',
  'no-referrer',
  'X-Frame-Options',
  'DENY',
  'Cross-Origin-Opener-Policy',
  'same-origin',
  'Cross-Origin-Resource-Policy',
  'same-origin',
  'Permissions-Policy',
  'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
] as const

const notBuilt =
  'The console has not been built. Run `npm run build:console` in the folder of Berth and start it again.\n'

/**
 * Serves the console: its files, and for every other path its one page, which finds its way by the path. Whoever the caller
 * is, there is nothing in it: what a page shows comes from the management API.
 */
export class ConsoleDoor {
  readonly #files: ConsoleFiles
  readonly #page: readonly [string, string]

  /** `prefix`: the path below which a proxy shows Berth, such as `/berth`; empty when there is none. */
  constructor({ directory, prefix }: { directory: string; prefix: string }) {
    this.#files = ConsoleFiles.open(directory)
    const base = `<base href="${prefix}/" />`
    const [before = '', after = ''] = (this.#files.page ?? '').split('<base href="/" />')
    this.#page = [`${before}${base}<meta property="csp-nonce" nonce="`, `" />${after}`]
  }

  /** Answers any GET or HEAD that is for no other door. `false`: it is not for this one either. */
  serve(exchange: Exchange, path: string): boolean {
    const { method, headers } = exchange.request
    if (method !== 'GET' && method !== 'HEAD') return false
    const file = this.#files.get(path.slice(1))
    if (file) {
      exchange.endpoint = 'console'
      sendFile(exchange, file)
      return true
    }
    // A program that asks for a path which does not exist is told so, and not with a page.
    if (path !== '/' && headers.accept?.includes('text/html') !== true) return false
    if (path.startsWith('/assets/')) return false
    exchange.endpoint = 'console'
    this.#sendPage(exchange)
    return true
  }

  #sendPage(exchange: Exchange): void {
    if (this.#files.page === undefined) {
      const headers = ['Content-Type', 'text/plain; charset=utf-8', 'Cache-Control', 'no-store']
      headers.push('Content-Length', String(Buffer.byteLength(notBuilt)), ...common)
      exchange.send(503, headers, Buffer.from(notBuilt))
      return
    }
    const nonce = randomBytes(18).toString('base64')
    const body = Buffer.from(this.#page.join(nonce))
    exchange.send(
      200,
      [
        ...common,
        'Content-Security-Policy',
        policyWith(nonce),
        'Cache-Control',
        'no-store',
        'Content-Type',
        'text/html; charset=utf-8',
        'Content-Length',
        String(body.length),
      ],
      body,
    )
  }
}

/** Style sheets that components make while they run carry the nonce; no script does. */
function policyWith(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
}

function sendFile(exchange: Exchange, file: ConsoleFile): void {
  const { headers: asked } = exchange.request
  const headers = [
    ...common,
    'ETag',
    file.etag,
    'Vary',
    'Accept-Encoding',
    'Cache-Control',
    file.isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache',
  ]
  if (asked['if-none-match'] === file.etag) {
    exchange.send(304, headers)
    return
  }
  const { encoding, bytes } = bestOf(file, exchange.request)
  headers.push('Content-Type', file.mediaType, 'Content-Length', String(bytes.length))
  if (encoding !== undefined) headers.push('Content-Encoding', encoding)
  exchange.send(200, headers, bytes)
}

function bestOf({ encodings }: ConsoleFile, { headers }: IncomingMessage): EncodedFile {
  const accepted = new Set(
    (headers['accept-encoding'] ?? '')
      .split(',')
      .filter((item) => !/;\s*q=0(?:\.0*)?\s*$/.test(item))
      .map((item) => item.replace(/;.*/, '').trim()),
  )
  const found = encodings.find(({ encoding }) => encoding === undefined || accepted.has(encoding))
  if (!found) throw new Error('A file of the console has no plain form.')
  return found
}
