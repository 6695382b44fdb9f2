import { once } from 'node:events'
import { isIP } from 'node:net'
import {
  type ConnectionOptions,
  connect,
  type DetailedPeerCertificate,
  getCACertificates,
  type TLSSocket,
} from 'node:tls'
import type { RegistryCertificates } from '@berth/client/transport/registry-certificates.ts'
import { type Answer, fail, ok, warn } from './check.ts'

const soonMs = 14 * 24 * 3600 * 1000
const trust = (host: string): string =>
  `Get the authority's certificate from whoever runs ${host}, and give it with --ca-file or put it into /etc/docker/certs.d/${host}/ca.crt.`

/** Shakes hands over TLS and says what is wrong with the chain of certificates, if something is. */
export async function checkCertificate(
  url: URL,
  { authorities, client }: RegistryCertificates,
  signal: AbortSignal,
): Promise<Answer> {
  const options = {
    ca: [...getCACertificates('default'), ...authorities],
    ...(client !== undefined && { cert: client.certificate, key: client.key }),
  }
  try {
    const socket = await shakeHands(url, { ...options, rejectUnauthorized: true }, signal)
    const certificate = socket.getPeerCertificate(true)
    socket.destroy()
    const validTo = new Date(certificate.valid_to)
    const seen = `${socket.getProtocol() ?? 'TLS'}, by ${nameOf(certificate.issuer)}, until ${dayOf(validTo)}`
    if (validTo.getTime() - Date.now() < soonMs) {
      return warn(seen, `Renew the certificate of ${url.host} soon.`)
    }
    return ok(seen)
  } catch (error) {
    return explain(error as NodeJS.ErrnoException, url, await chainOf(url, signal))
  }
}

/** What the server shows, whether trusted or not; empty when there is no TLS at all. */
async function chainOf(url: URL, signal: AbortSignal): Promise<readonly DetailedPeerCertificate[]> {
  try {
    const socket = await shakeHands(url, { rejectUnauthorized: false }, signal)
    const chain: DetailedPeerCertificate[] = []
    let at: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true)
    while (at !== undefined && !chain.includes(at) && chain.length < 10) {
      chain.push(at)
      at = at.issuerCertificate
    }
    socket.destroy()
    return chain
  } catch {
    return []
  }
}

async function shakeHands(
  url: URL,
  options: Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'rejectUnauthorized'>,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const host = url.hostname.replaceAll(/[[\]]/g, '')
  const socket = connect({
    host,
    port: Number(url.port || 443),
    ...(isIP(host) === 0 && { servername: host }),
    ...options,
  })
  const onAbort = (): void => void socket.destroy(new Error('it took too long'))
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    await once(socket, 'secureConnect')
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

function explain(
  { code = '', message }: NodeJS.ErrnoException,
  url: URL,
  chain: readonly DetailedPeerCertificate[],
): Answer {
  const [leaf] = chain
  const issuer = leaf === undefined ? 'an unknown authority' : nameOf(leaf.issuer)
  const expired = chain.find(({ valid_to }) => new Date(valid_to).getTime() < Date.now())
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return fail(
        `the certificate of ${nameOf(expired?.subject ?? leaf?.subject)} ran out on ${dayOf(new Date(expired?.valid_to ?? leaf?.valid_to ?? 0))}`,
        `Renew it on ${url.host}; if that date is still to come, the clock of this machine is wrong.`,
      )
    case 'CERT_NOT_YET_VALID':
      return fail(
        `the certificate is valid only from ${leaf?.valid_from ?? '?'} on`,
        'Check the clock of this machine, then that of the one that made the certificate.',
      )
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return fail(
        `the certificate is for other names: ${(leaf?.subjectaltname ?? nameOf(leaf?.subject)).slice(0, 120)}`,
        `Use a name that it holds, or have ${url.hostname} put into it.`,
      )
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return fail('the certificate vouches for itself alone', trust(url.host))
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return fail(
        `the chain ends at ${nameOf(chain.at(-1)?.subject)}, which is not trusted here`,
        trust(url.host),
      )
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return fail(
        chain.length <= 1
          ? `${issuer}, which issued it, is not trusted here, or the server leaves out a certificate in between`
          : `${issuer}, which issued it, is not trusted here`,
        trust(url.host),
      )
    default:
      if (/^EPROTO$|WRONG_VERSION_NUMBER|^ERR_SSL_/.test(code)) {
        return fail(
          'what answers there does not speak TLS',
          `If plain HTTP is meant, use --plain-http ${url.host}.`,
        )
      }
      return fail(
        `no connection: ${code === '' ? message : code}`,
        'Check the address, the port and firewalls in between.',
      )
  }
}

function nameOf(subject: DetailedPeerCertificate['subject'] | undefined): string {
  const name = subject?.CN ?? subject?.O ?? 'without a name'
  return [name].flat().join(', ')
}

function dayOf(date: Date): string {
  return Number.isNaN(date.getTime()) ? '?' : date.toISOString().slice(0, 10)
}
