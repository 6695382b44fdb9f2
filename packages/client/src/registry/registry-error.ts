import { parseChallenge } from '../auth/challenge.ts'
import { ClientError, type ClientErrorKind } from '../client-error.ts'
import type { RegistryAction, RegistryKind } from '../kinds/kind.ts'
import { retryAfterMs } from '../transport/back-off.ts'
import { type Answer, readBody } from '../transport/transport.ts'

export type Attempted = {
  readonly registry: string
  readonly repository: string | undefined
  readonly action: RegistryAction
  /** What was asked for, as the end of a sentence: `the tag v1 of ghcr.io/acme/api`. */
  readonly what: string
  readonly isSignedIn: boolean
  /** The token service took the credentials just now: what the registry still refuses is a matter of rights. */
  readonly isTokenFresh: boolean
  readonly kind: RegistryKind
}

type Envelope = { readonly codes: readonly string[]; readonly message: string | undefined }

const bodyMax = 256 * 1024
const messageMax = 600

/** What an answer that was not hoped for means: its envelope is read, and the kind of registry explains refusals. */
export async function registryError(answer: Answer, attempted: Attempted): Promise<ClientError> {
  const envelope = await readEnvelope(answer)
  const kind = kindOf(answer, envelope, attempted)
  const said = envelope.message === undefined ? '' : ` It says: ${envelope.message}`
  const options = {
    status: answer.status,
    codes: envelope.codes,
    retryAfterSeconds: secondsOf(answer.headers['retry-after']),
  }
  if (isRefusal(kind, attempted.action)) {
    const { meaning, next } = attempted.kind.explainRefusal({
      ...attempted,
      status: kind === 'denied' ? 403 : answer.status,
      codes: envelope.codes,
      message: envelope.message,
    })
    return new ClientError(kind, `${headline(kind, attempted)} ${meaning}${said}`, {
      ...options,
      next,
    })
  }
  return new ClientError(kind, `${headline(kind, attempted, answer.status)}${said}`, {
    ...options,
    next: nextOf(kind),
  })
}

function isRefusal(kind: ClientErrorKind, action: RegistryAction): boolean {
  if (kind === 'notFound') return action === 'push'
  return kind === 'unauthenticated' || kind === 'denied' || kind === 'rateLimited'
}

type Headline = (attempted: Attempted) => string

const refused: Headline = ({ registry, action, what }) =>
  `${registry} does not let you ${action} ${what}.`
const headlines: Partial<Record<ClientErrorKind, Headline>> = {
  unauthenticated: refused,
  denied: refused,
  notFound: ({ action, what }) =>
    action === 'push' ? `${what} cannot be pushed to.` : `${what} does not exist.`,
  rateLimited: ({ registry }) => `${registry} asks to come back later.`,
  digestMismatch: ({ registry, what }) =>
    `${registry} got other content for ${what} than its digest says.`,
  unsupported: ({ registry, action, what }) => `${registry} cannot do this (${action} ${what}).`,
}

function headline(kind: ClientErrorKind, attempted: Attempted, status = 0): string {
  const { registry, action, what } = attempted
  return (
    headlines[kind]?.(attempted) ?? `${registry} failed with status ${status} (${action} ${what}).`
  )
}

function nextOf(kind: ClientErrorKind): string | undefined {
  if (kind === 'serverFault') return 'Try again; if it stays, look into the log of the registry.'
  if (kind === 'digestMismatch') return 'Try again; if it stays, the source is damaged.'
  return undefined
}

function kindOf(
  { status, headers }: Answer,
  { codes, message = '' }: Envelope,
  { isSignedIn, isTokenFresh }: Attempted,
): ClientErrorKind {
  if (codes.includes('DIGEST_INVALID')) return 'digestMismatch'
  if (codes.includes('TOOMANYREQUESTS')) return 'rateLimited'
  switch (status) {
    case 401: {
      // Whoever is known and still gets 401 lacks the right: some registries never say 403.
      const challenge = parseChallenge(headers['www-authenticate'])
      const isScope = challenge?.scheme === 'bearer' && challenge.error === 'insufficient_scope'
      const isKnown = isTokenFresh || isScope || codes.includes('DENIED')
      return isSignedIn && isKnown ? 'denied' : 'unauthenticated'
    }
    case 403:
      // Amazon's way of saying that twelve hours are over.
      return /token has expired/i.test(message) ? 'unauthenticated' : 'denied'
    case 404:
      return 'notFound'
    case 405:
    case 501:
      return 'unsupported'
    case 429:
      return 'rateLimited'
    default:
      return codes.includes('UNSUPPORTED') ? 'unsupported' : 'serverFault'
  }
}

function secondsOf(header: string | undefined): number | undefined {
  const ms = retryAfterMs(header)
  return ms === undefined ? undefined : Math.ceil(ms / 1000)
}

/** Reads `{"errors":[{"code","message"}]}` (distribution-spec, "Error Codes"), as far as there is one. */
async function readEnvelope(answer: Answer): Promise<Envelope> {
  try {
    const body: unknown = JSON.parse((await readBody(answer, bodyMax)).toString())
    const errors = (body as { errors?: unknown } | null)?.errors
    if (!Array.isArray(errors)) return { codes: [], message: undefined }
    const entries = errors.slice(0, 20) as { code?: unknown; message?: unknown }[]
    const messages = entries.flatMap(({ message }) =>
      typeof message === 'string' && message !== '' ? [message] : [],
    )
    return {
      codes: entries.flatMap(({ code }) => (typeof code === 'string' ? [code.slice(0, 64)] : [])),
      message: messages.length === 0 ? undefined : plain(messages.join(' ')),
    }
  } catch {
    return { codes: [], message: undefined }
  }
}

/** A stranger's text on one line, without control characters, cut. */
function plain(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim()
  return line.length > messageMax ? `${line.slice(0, messageMax)}…` : line
}
