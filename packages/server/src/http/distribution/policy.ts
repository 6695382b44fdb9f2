import { parseReference } from '@berth/oci/reference.ts'
import { BerthError } from '../../errors.ts'
import type { PullVerdict } from '../../policy/gate.ts'
import type { StoredManifest } from '../../registry/manifests.ts'
import type { Exchange } from '../exchange.ts'
import type { Door, RepositoryCall } from './door.ts'

/** Characters of a refusal with its address: docker's engine shows no more than a line or two. */
const messageMax = 990
const messageMin = 200
/** How programs name themselves that read an image in order to sign it. They ask for a token to pull at that moment. */
const signing = /^(?:cosign|notation)\//

/**
 * Lets a pull pass that no policy blocks, and returns what to warn of. Throws `policyDenied`. Whoever may push is not stopped at
 * HEAD: clients ask so before they push, and what they push may be what mends it. Nor while they push: oras and helm read back
 * by its digest what they have just pushed. Nor while they sign: what is missing may be their signature. That is no door for
 * others: whoever may push has the content, and could put it elsewhere.
 */
export function passPolicy(
  door: Door,
  call: RepositoryCall,
  manifest: StoredManifest,
): string | Promise<string> {
  const { exchange, repository, caller } = call
  // Berth's own work reads to find out what policies judge by.
  if (caller.actor.kind === 'system') return ''
  const verdict = door.pullGate.judgePull(repository, manifest, waiting(exchange))
  if (verdict instanceof Promise) {
    return verdict.then((found) => settle(door, call, manifest, found))
  }
  return settle(door, call, manifest, verdict)
}

function settle(
  door: Door,
  call: RepositoryCall,
  { digest }: StoredManifest,
  { decision, message, warning, audited }: PullVerdict,
): string | Promise<string> {
  const { exchange, caller, repository } = call
  if (!exchange.isHead) {
    if (warning !== '') door.audit.policyNoted(exchange, caller, repository, 'warned', warning)
    if (audited !== '') door.audit.policyNoted(exchange, caller, repository, 'audited', audited)
  }
  if (decision !== 'deny') return warning
  const refuse = (): never => {
    throw linked(
      door,
      exchange,
      new BerthError('policyDenied', message, { details: [{ repository, digest, stage: 'pull' }] }),
    )
  }
  if (signing.test(exchange.request.headers['user-agent'] ?? '')) {
    const mayPass = caller.couldWithToken('push', repository)
    return passNoted(door, call, `passed to be signed: ${message}`, () =>
      passPusher(mayPass, warning, refuse),
    )
  }
  const mayPass = caller.may('push', repository)
  if (exchange.isHead) return passPusher(mayPass, warning, refuse)
  if (!isInPush(call)) return refuse()
  return passNoted(door, call, `passed to who pushes: ${message}`, () =>
    passPusher(mayPass, warning, refuse),
  )
}

/**
 * Whether this may belong to a push: it is by digest, and with a token, which is for pushing too if it may push. Who pulls, be
 * it with the same password, asks for a token to pull.
 */
function isInPush({ caller, last }: RepositoryCall): boolean {
  return caller.credentials === 'token' && parseReference(last).kind === 'digest'
}

/** The audit log tells what was read though it is blocked: neither the name that a program sends nor a token proves what it is for. */
async function passNoted(
  door: Door,
  { exchange, caller, repository }: RepositoryCall,
  note: string,
  pass: () => Promise<string>,
): Promise<string> {
  const warning = await pass()
  if (!exchange.isHead) {
    door.audit.policyNoted(exchange, caller, repository, 'audited', note)
  }
  return warning
}

async function passPusher(
  mayPush: boolean | Promise<boolean>,
  warning: string,
  refuse: () => never,
): Promise<string> {
  return (await mayPush) ? warning : refuse()
}

/** Runs a push; a refusal by a policy says where to read more. */
export async function withDecisionLink<Result>(
  door: Door,
  { exchange }: RepositoryCall,
  push: () => Promise<Result>,
): Promise<Result> {
  try {
    return await push()
  } catch (error) {
    throw error instanceof BerthError && error.kind === 'policyDenied'
      ? linked(door, exchange, error)
      : error
  }
}

/** The same refusal with the address of the decision, at the end of the message and as its detail. */
function linked(door: Door, exchange: Exchange, error: BerthError): BerthError {
  const { repository, digest, stage } = error.details[0] ?? {}
  const { headers, socket } = exchange.request
  const { protocol, host } = door.forwarding.externalOrigin(headers, socket)
  const query = stage === 'pull' ? '' : `?stage=${String(stage)}`
  const path = `/api/v1/repositories/${encodeURIComponent(String(repository))}/decisions/${String(digest)}${query}`
  const link = `${protocol}://${host}${path}`
  const room = Math.max(messageMin, messageMax - link.length)
  const reason =
    error.message.length > room ? `${error.message.slice(0, room - 3)}...` : error.message
  return new BerthError('policyDenied', `${reason} Details: ${link}`, { details: [{ link }] })
}

/** A HEAD never waits for a scan, and nobody waits for a client that is gone. */
function waiting(exchange: Exchange): { mayWait: boolean; signal: () => AbortSignal } {
  return {
    mayWait: !exchange.isHead,
    signal: () => {
      const controller = new AbortController()
      exchange.onAbort = () => controller.abort()
      return controller.signal
    },
  }
}
