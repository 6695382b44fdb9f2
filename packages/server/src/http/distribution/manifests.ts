import { parseReference, parseTagName } from '@berth/oci/reference.ts'
import { BerthError } from '../../errors.ts'
import type { Door, RepositoryCall } from './door.ts'
import {
  addWarnings,
  contentHeaders,
  emptyHeaders,
  immutableCacheControl,
  isNotModified,
} from './headers.ts'
import { passPolicy, withDecisionLink } from './policy.ts'
import { parseQuery } from './query.ts'
import { readBody } from './request-body.ts'

const tagsMax = 16

/** spec end-3: GET and HEAD manifest. `Accept` is not looked at: converting would change the digest. */
export async function getManifest(door: Door, call: RepositoryCall): Promise<void> {
  const { exchange, caller, repository } = call
  const reference = parseReference(call.last)
  const manifest = await door.manifests.getManifest(repository, reference)
  const warning = await passPolicy(door, call, manifest)
  // What scanners of this Berth fetch is no use of the image.
  if (!exchange.isHead && caller.actor.kind !== 'system') {
    door.pulls.note(repository, manifest.digest)
  }
  const headers = contentHeaders(manifest.digest)
  headers.push(
    'Cache-Control',
    reference.kind === 'tag' ? 'no-cache' : immutableCacheControl(caller),
  )
  if (isNotModified(exchange.request.headers['if-none-match'], manifest.digest)) {
    exchange.send(304, headers)
    return
  }
  door.audit.pulled(exchange, caller, repository, manifest.digest)
  if (warning !== '') addWarnings(headers, [warning])
  headers.push('Content-Type', manifest.mediaType, 'Content-Length', String(manifest.size))
  exchange.send(200, headers, manifest.payload)
}

/** spec end-7a and end-7b: PUT manifest, by tag, by digest, or by digest with tags to set. */
export async function putManifest(door: Door, call: RepositoryCall): Promise<void> {
  const { exchange, repository, permit } = call
  const reference = parseReference(call.last)
  const named = reference.kind === 'digest' ? parseQuery(call.query).getAll('tag') : []
  if (named.length > tagsMax) {
    throw new BerthError(
      'tooManyTags',
      `The request names ${named.length} tags, at most ${tagsMax} can be set at once.`,
    )
  }
  const tags = named.map(parseTagName)
  const payload = await readBody(
    exchange,
    door.manifestMaxBytes,
    () =>
      new BerthError(
        'manifestTooLarge',
        `The manifest is larger than ${door.manifestMaxBytes} bytes, the most this registry accepts.`,
      ),
  )
  const stored = await withDecisionLink(door, call, () =>
    door.manifests.putManifest({
      repository,
      permit,
      reference,
      tags,
      contentType: exchange.request.headers['content-type'],
      payload,
    }),
  )
  const headers = emptyHeaders()
  headers.push(
    'Location',
    `/v2/${repository}/manifests/${stored.digest}`,
    'Docker-Content-Digest',
    stored.digest,
  )
  if (stored.subject !== undefined) headers.push('OCI-Subject', stored.subject)
  if (tags.length > 0) headers.push('OCI-Tag', stored.tags.join(', '))
  addWarnings(headers, stored.warnings)
  exchange.send(201, headers)
}

/** spec end-9: DELETE manifest: by tag only the tag, by digest the manifest and every tag on it. */
export async function deleteManifest(door: Door, call: RepositoryCall): Promise<void> {
  await door.manifests.deleteManifest(call.repository, parseReference(call.last), call.permit)
  call.exchange.send(202, emptyHeaders())
}
