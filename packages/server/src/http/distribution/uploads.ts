import { type Digest, isDigestAlgorithm, parseDigest } from '@berth/oci/digest.ts'
import { OciError } from '@berth/oci/oci-error.ts'
import { parseRepositoryName, type RepositoryName } from '@berth/oci/reference.ts'
import { BerthError } from '../../errors.ts'
import type { UploadStatus } from '../../registry/uploads.ts'
import { askForMountScope, couldPull } from '../authenticate.ts'
import type { Door, RepositoryCall } from './door.ts'
import { sendError } from './errors.ts'
import { API_VERSION, emptyHeaders, type HeaderList } from './headers.ts'
import { parseQuery } from './query.ts'
import { bodyLength, uploadBody } from './request-body.ts'

/** spec end-4a, end-4b, end-4c and end-11: POST opens a session, takes a whole blob, or mounts one. */
export async function postUpload(door: Door, call: RepositoryCall): Promise<void> {
  const { exchange, permit, repository } = call
  const query = parseQuery(call.query)
  const mount = query.get('mount')
  if (mount !== null) {
    const mounted = await mountBlob(door, call, mount, query.get('from'))
    if (mounted === 'needs scope') return
    if (mounted !== undefined) {
      exchange.send(201, blobCreated(repository, mounted))
      return
    }
  } else {
    const digest = query.get('digest')
    if (digest !== null) {
      const blob = await door.uploads.putBlob({
        repository,
        permit,
        digest: parseDigest(digest),
        body: uploadBody(exchange, undefined),
      })
      exchange.bytesReceived = blob.size
      exchange.send(201, blobCreated(repository, blob.digest))
      return
    }
  }
  const algorithm = query.get('digest-algorithm') ?? undefined
  if (algorithm !== undefined && !isDigestAlgorithm(algorithm)) {
    throw new BerthError(
      'digestInvalid',
      `The digest algorithm ${JSON.stringify(algorithm.slice(0, 80))} is not supported; use sha256 or sha512.`,
    )
  }
  const upload = await door.uploads.startUpload({
    repository,
    permit,
    ...(algorithm !== undefined && { algorithm }),
  })
  exchange.send(202, [...statusHeaders(door, repository, upload), 'Content-Length', '0'])
}

/** spec end-5: PATCH appends to a session. */
export async function patchUpload(door: Door, call: RepositoryCall): Promise<void> {
  const { exchange, permit, repository, last: id } = call
  await reportingOffset(door, call, async () => {
    const expected = door.uploadLocations.readOffset(id, parseQuery(call.query).get('state'))
    const body = uploadBody(exchange, expected)
    const upload = await door.uploads.appendUpload({ repository, permit, id, body })
    exchange.send(202, [...statusHeaders(door, repository, upload), 'Content-Length', '0'])
  })
}

/** spec end-6: PUT ends a session, with the last chunk or the whole blob in its body, or with none. */
export async function putUpload(door: Door, call: RepositoryCall): Promise<void> {
  const { exchange, permit, repository, last: id } = call
  await reportingOffset(door, call, async () => {
    const query = parseQuery(call.query)
    const digest = await requireDigest(door, call, query.get('digest'))
    // Without a body nothing can be stored twice, and clients may end a session at its first address.
    const body =
      bodyLength(exchange) === 0
        ? undefined
        : uploadBody(exchange, door.uploadLocations.readOffset(id, query.get('state')))
    const blob = await door.uploads.commitUpload({
      repository,
      permit,
      id,
      digest,
      ...(body !== undefined && { body }),
    })
    exchange.bytesReceived = blob.size
    exchange.send(201, blobCreated(repository, blob.digest))
  })
}

/** spec end-13: GET tells how far a session is, at any address it ever had. */
export async function getUpload(door: Door, call: RepositoryCall): Promise<void> {
  const { exchange, permit, repository, last: id } = call
  const upload = await door.uploads.getUpload({ repository, permit, id })
  exchange.send(204, statusHeaders(door, repository, upload))
}

/** spec end-14: DELETE cancels a session. */
export async function deleteUpload(door: Door, call: RepositoryCall): Promise<void> {
  const { exchange, permit, repository, last: id } = call
  await door.uploads.cancelUpload({ repository, permit, id })
  exchange.send(204, [...API_VERSION])
}

/**
 * The digest of a mounted blob, or `undefined` when the client has to upload: whatever is wrong with the source, the
 * answer is a session and not an error, for several clients do not survive one (distribution-spec, "Mounting").
 */
async function mountBlob(
  door: Door,
  call: RepositoryCall,
  mount: string,
  from: string | null,
): Promise<Digest | 'needs scope' | undefined> {
  try {
    const digest = parseDigest(mount)
    if (from !== null && (await asksForScope(door, call, digest, parseRepositoryName(from)))) {
      return 'needs scope'
    }
    const isMounted = await door.blobs.mountBlob({
      repository: call.repository,
      permit: call.permit,
      digest,
      from: from === null ? undefined : parseRepositoryName(from),
      mayPull: async (source) => call.caller.may('pull', source),
    })
    return isMounted ? digest : undefined
  } catch (error) {
    if (error instanceof OciError) return undefined
    throw error
  }
}

/**
 * A token that covers the target but not the source, in the hands of one who may read the source: with a session the
 * blob would be uploaded again, with a challenge the client comes back with both scopes (decision 7). Answers it.
 */
async function asksForScope(
  door: Door,
  call: RepositoryCall,
  digest: Digest,
  source: RepositoryName,
): Promise<boolean> {
  if (!(await couldPull(call.caller, source))) return false
  const exists = await door.blobs.statBlob(source, digest).then(
    () => true,
    (error: unknown) => {
      if (error instanceof BerthError && error.kind === 'blobUnknown') return false
      throw error
    },
  )
  if (exists) askForMountScope(door, call.exchange, call.repository, source)
  return exists
}

/** The digest that PUT must name. Without a valid one the session is of no more use, and ends. */
async function requireDigest(
  door: Door,
  call: RepositoryCall,
  text: string | null,
): Promise<Digest> {
  try {
    if (text !== null) return parseDigest(text)
    throw new BerthError('digestInvalid', 'The request must name the digest: add ?digest=<digest>.')
  } catch (error) {
    const { permit, repository, last: id } = call
    await door.uploads.cancelUpload({ repository, permit, id })
    throw error
  }
}

/** Runs `action`; when it fails for its offset, the answer tells the right one (distribution-spec end-5: 416). */
async function reportingOffset(
  door: Door,
  call: RepositoryCall,
  action: () => Promise<void>,
): Promise<void> {
  try {
    await action()
  } catch (error) {
    if (!(error instanceof BerthError) || error.kind !== 'uploadRangeInvalid') throw error
    const offset = error.details[0]?.['offset']
    if (typeof offset !== 'number') throw error
    sendError(call.exchange, error, uploadHeaders(door, call.repository, { id: call.last, offset }))
  }
}

function statusHeaders(door: Door, repository: RepositoryName, upload: UploadStatus): HeaderList {
  return [...uploadHeaders(door, repository, upload), ...API_VERSION]
}

/** `Range` is `0-0` for an empty session as well: clients cannot read `0--1`. */
function uploadHeaders(door: Door, repository: RepositoryName, upload: UploadStatus): HeaderList {
  return [
    'Location',
    door.uploadLocations.format(repository, upload),
    'Range',
    `0-${Math.max(0, upload.offset - 1)}`,
    'Docker-Upload-UUID',
    upload.id,
  ]
}

function blobCreated(repository: RepositoryName, digest: Digest): HeaderList {
  const headers = emptyHeaders()
  headers.push('Location', `/v2/${repository}/blobs/${digest}`, 'Docker-Content-Digest', digest)
  return headers
}
