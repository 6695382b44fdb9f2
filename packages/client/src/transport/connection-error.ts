import { ClientError, type ClientErrorKind } from '../client-error.ts'

type Reason = { readonly kind: ClientErrorKind; readonly text: string; readonly next?: string }

const network: Readonly<Record<string, Reason>> = {
  ENOTFOUND: {
    kind: 'unreachable',
    text: 'its name is not known',
    next: 'Check the spelling, and the DNS of this machine.',
  },
  EAI_AGAIN: {
    kind: 'unreachable',
    text: 'its name could not be looked up',
    next: 'Check the DNS and the network of this machine.',
  },
  ECONNREFUSED: {
    kind: 'unreachable',
    text: 'nothing listens there',
    next: 'Check the port, and whether the registry is running.',
  },
  EHOSTUNREACH: { kind: 'unreachable', text: 'there is no route to it' },
  ENETUNREACH: { kind: 'unreachable', text: 'there is no route to it' },
  ETIMEDOUT: {
    kind: 'connectionLost',
    text: 'it did not answer in time',
    next: 'Check proxies and firewalls in between.',
  },
  ECONNRESET: { kind: 'connectionLost', text: 'the connection was cut' },
  EPIPE: { kind: 'connectionLost', text: 'the connection was cut' },
  ECONNABORTED: { kind: 'connectionLost', text: 'the connection was cut' },
  ERR_STREAM_PREMATURE_CLOSE: { kind: 'connectionLost', text: 'the connection was cut' },
  HPE_INVALID_CONSTANT: {
    kind: 'unreachable',
    text: 'what answers there is not HTTP',
    next: 'Check the port, and whether it is meant to be reached over TLS.',
  },
}

const trustNext =
  'Give the authority with --ca-file, put it into /etc/docker/certs.d/<registry>/ca.crt, or use --plain-http where no TLS is wanted.'

/** What a failed request says to a person. Whatever is a `ClientError` already stays as it is. */
export function connectionError(
  error: unknown,
  url: URL,
  signal: AbortSignal | undefined,
): ClientError {
  if (error instanceof ClientError) return error
  if (signal?.aborted === true) {
    if (signal.reason instanceof ClientError) return signal.reason
    return new ClientError('cancelled', 'It was stopped.', { cause: error })
  }
  const { code = '', message = String(error) } = (error ?? {}) as Partial<NodeJS.ErrnoException>
  const known = network[code]
  if (known !== undefined) {
    return new ClientError(known.kind, `${url.host} cannot be reached: ${known.text}.`, {
      next: known.next,
      cause: error,
    })
  }
  if (code === 'ENOSPC') return new ClientError('localFault', 'The disk is full.', { cause: error })
  if (/^EPROTO$|WRONG_VERSION_NUMBER|^ERR_SSL_/.test(code)) {
    return new ClientError('tlsUntrusted', `${url.host} does not speak TLS on this port.`, {
      next: `If it is meant to be plain HTTP, say so with --plain-http ${url.host}.`,
      cause: error,
    })
  }
  if (/CERT|SIGNATURE|ISSUER|ALTNAME/.test(code)) {
    return new ClientError(
      'tlsUntrusted',
      `The certificate of ${url.host} is not trusted: ${message}.`,
      { next: trustNext, cause: error },
    )
  }
  return new ClientError('connectionLost', `The connection to ${url.host} failed: ${message}.`, {
    cause: error,
  })
}
