import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { CertificateIdentity, ClientCertificates } from '../access/client-certificates.ts'

/** Whom the certificates of connections stand for. */
export class PeerCertificates {
  readonly #certificates: ClientCertificates
  /** A connection shows one certificate, and carries many requests. */
  readonly #known = new WeakMap<TLSSocket, CertificateIdentity | 'nobody'>()

  constructor(certificates: ClientCertificates) {
    this.#certificates = certificates
  }

  /** `undefined` for a connection without a certificate, or with one that no trusted authority vouches for. */
  identify(socket: Socket): CertificateIdentity | undefined {
    if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined
    let identity = this.#known.get(socket)
    if (identity === undefined) {
      identity = this.#certificates.identify(socket.getPeerCertificate()) ?? 'nobody'
      this.#known.set(socket, identity)
    }
    return identity === 'nobody' ? undefined : identity
  }
}
