import pino from 'pino'
import pretty, { isColorSupported } from 'pino-pretty'
import type { Config } from './config/schema.ts'

export type Logger = pino.Logger

/** Whoever opens a log closes it: lines wait in memory for up to a second. */
type Log = Logger & {
  /** Writes what waits. Lines logged later are written when the process exits. */
  close(): Promise<void>
}

const bufferBytes = 4096
/** Beyond this, lines are dropped: a reader of standard output that hangs must not fill the memory. */
const bufferBytesMax = 16 * 1024 * 1024
const flushMilliseconds = 1000

const hidden = '[hidden]'
const deep = '[too deep]'
const maxDepth = 6
const secretName =
  /^(?:(?:proxy-)?authorization|(?:set-)?cookie|.*password|(?:.*[_-])?token|[a-z]+Token|.*secret)$/i

const secretKeys = new Map<string, boolean>()
const childSecrets = ['authorization', 'cookie', 'password', 'token', 'secret']

/** Query parameters of the registry API that hold no secret. Any other may. */
const openParameters = new Set([
  'account',
  'artifactType',
  'client_id',
  'digest',
  'from',
  'grant_type',
  'last',
  'mount',
  'n',
  'ns',
  'offline_token',
  'offset',
  'origin',
  'scope',
  'service',
  'state',
  'tag',
])
const urlLengthMax = 2048

/**
 * Opens the log: JSON lines, or text for people (`format: auto` on a terminal). Values under names such as
 * `authorization`, `cookie`, `password`, `token` and `secret` are hidden, however deep down they are.
 * `stream` (default: standard output) gets every line at once, standard output in batches.
 */
export function createLogger(config: Config['log'], stream?: NodeJS.WritableStream): Log {
  const terminal = stream ?? process.stdout
  const isTerminal = 'isTTY' in terminal && terminal.isTTY === true
  const options: pino.LoggerOptions = {
    level: config.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (level) => ({ level }), log: hideSecrets },
    // The formatter does not see what a child logger is made with.
    redact: { paths: childSecrets, censor: hidden },
  }
  if (config.format === 'text' || (config.format === 'auto' && isTerminal)) {
    const text = pretty({
      colorize: isTerminal && isColorSupported,
      sync: true,
      destination: stream ?? 1,
    })
    return Object.assign(pino(options, text), { close: () => Promise.resolve() })
  }
  if (stream) return Object.assign(pino(options, stream), { close: () => Promise.resolve() })
  const batches = pino.destination({
    dest: 1,
    sync: false,
    minLength: bufferBytes,
    maxLength: bufferBytesMax,
    periodicFlush: flushMilliseconds,
  })
  return Object.assign(pino(options, batches), {
    close: async () => {
      await new Promise<void>((resolve) => batches.flush(() => resolve()))
      // `flush` leaves what was logged while it wrote.
      batches.flushSync()
    },
  })
}

/** A request's URL as it may be logged: unknown query parameters lose their values, and it is cut at 2048 characters. */
export function redactUrl(url: string): string {
  const query = url.indexOf('?')
  const path = query === -1 ? url : url.slice(0, query)
  const safePath = path.includes('@')
    ? path.replace(/^([a-z][a-z0-9+.-]*:)?\/\/[^/]*@/i, `$1//${hidden}@`)
    : path
  const text =
    query === -1
      ? safePath
      : `${safePath}?${url
          .slice(query + 1)
          .split('&')
          .map(hideParameter)
          .join('&')}`
  return text.length > urlLengthMax ? `${text.slice(0, urlLengthMax)}…` : text
}

function hideParameter(parameter: string): string {
  const equals = parameter.indexOf('=')
  if (equals === -1) return parameter === '' || openParameters.has(parameter) ? parameter : hidden
  const name = parameter.slice(0, equals)
  return openParameters.has(name) ? parameter : `${name}=${hidden}`
}

/** The same object when it holds no secret, so that most lines cost one walk and no copy. */
function hideSecrets(fields: Record<string, unknown>): Record<string, unknown> {
  return hideInObject(fields, 0)
}

function hideIn(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth > maxDepth) return deep
  if (value instanceof Error) return hideInObject({ ...pino.stdSerializers.err(value) }, depth)
  if (Array.isArray(value)) return value.map((item) => hideIn(item, depth + 1))
  return isPlain(value) ? hideInObject(value, depth) : value
}

function hideInObject(object: Record<string, unknown>, depth: number): Record<string, unknown> {
  let result = object
  for (const key of Object.keys(object)) {
    const value = object[key]
    const safe = isSecret(key) ? hidden : hideIn(value, depth + 1)
    if (safe === value || value === undefined) continue
    if (result === object) result = { ...object }
    result[key] = safe
  }
  return result
}

function isSecret(key: string): boolean {
  const known = secretKeys.get(key)
  if (known !== undefined) return known
  const secret = secretName.test(key)
  // Nearly every key is one of a few hundred in this code; a stranger's must not pile up.
  if (secretKeys.size < 1000) secretKeys.set(key, secret)
  return secret
}

function isPlain(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
