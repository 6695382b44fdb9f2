import type { RepositoryName } from '@berth/oci/reference.ts'
import type { Authenticator } from '../../access/authenticate.ts'
import type { Caller } from '../../access/caller.ts'
import type { TokenService } from '../../access/tokens.ts'
import type { Pulls } from '../../browse/pulls.ts'
import type { PullGate } from '../../policy/gate.ts'
import type { Permit } from '../../registry/admission.ts'
import type { Blobs } from '../../registry/blobs.ts'
import type { Manifests } from '../../registry/manifests.ts'
import type { Referrers } from '../../registry/referrers.ts'
import type { Repositories } from '../../registry/repositories.ts'
import type { Tags } from '../../registry/tags.ts'
import type { Uploads } from '../../registry/uploads.ts'
import type { Exchange } from '../exchange.ts'
import type { Forwarding } from '../forwarded.ts'
import type { PeerCertificates } from '../peer-certificates.ts'
import type { RateLimit } from '../rate-limit.ts'
import type { RequestAudit } from '../request-audit.ts'
import type { BodyBuffers } from './body-buffers.ts'
import type { UploadLocations } from './upload-location.ts'

/** What the handlers of the registry protocol work with. */
export type Door = {
  readonly authenticator: Authenticator
  readonly tokens: TokenService
  readonly blobs: Blobs
  readonly uploads: Uploads
  readonly manifests: Manifests
  readonly tags: Tags
  readonly repositories: Repositories
  readonly referrers: Referrers
  readonly pullGate: PullGate
  readonly pulls: Pulls
  readonly uploadLocations: UploadLocations
  readonly bodyBuffers: BodyBuffers
  readonly forwarding: Forwarding
  /** Whether the token belongs to that browser session. */
  readonly checkCsrf: (sessionId: string, token: string) => boolean
  /** Whom a client certificate stands for; `undefined` where none are asked for. */
  readonly certificates: PeerCertificates | undefined
  readonly rateLimit: RateLimit
  readonly audit: RequestAudit
  /** Bytes. */
  readonly manifestMaxBytes: number
  /** Anyone may do anything: no request is ever asked for credentials. */
  readonly isOpen: boolean
}

/** A request that was matched to a route and may go on. */
export type Call = {
  readonly exchange: Exchange
  readonly caller: Caller
  /** Behind the `?`, not decoded. */
  readonly query: string
}

/** A `Call` on one repository. */
export type RepositoryCall = Call & {
  readonly repository: RepositoryName
  /** The caller, as the core wants to see the one behind a write. */
  readonly permit: Permit
  /** The digest, reference or session id at the end of the path, not yet checked. */
  readonly last: string
}
