import { parseDigest } from '@berth/oci/digest.ts'
import { OCI_IMAGE_INDEX } from '@berth/oci/media-type.ts'
import { BerthError } from '../../errors.ts'
import type { Door, RepositoryCall } from './door.ts'
import { API_VERSION, type HeaderList, queryLink } from './headers.ts'
import { parseQuery } from './query.ts'

const artifactTypesMax = 16

/** spec end-12: GET referrers. Never 404: to have none, and to know nothing of the subject, is the same empty list. */
export async function listReferrers(door: Door, call: RepositoryCall): Promise<void> {
  const { exchange, repository } = call
  const digest = parseDigest(call.last)
  const query = parseQuery(call.query)
  // containerd repeats the parameter: any of the types will do.
  const artifactTypes = query.getAll('artifactType').filter((type) => type !== '')
  if (artifactTypes.length > artifactTypesMax) {
    throw new BerthError(
      'requestInvalid',
      `The request names ${artifactTypes.length} artifact types, at most ${artifactTypesMax} are allowed.`,
    )
  }
  const after = query.get('last') ?? undefined
  const { descriptors, next } = await door.referrers.listReferrers(repository, digest, {
    artifactTypes,
    after,
  })
  const body = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: OCI_IMAGE_INDEX, manifests: descriptors }),
  )
  // oras compares the type as a string: no charset.
  const headers: HeaderList = [
    'Content-Type',
    OCI_IMAGE_INDEX,
    'Content-Length',
    String(body.length),
    ...API_VERSION,
  ]
  if (artifactTypes.length > 0) headers.push('OCI-Filters-Applied', 'artifactType')
  if (next !== undefined) {
    const parameters = new URLSearchParams(artifactTypes.map((type) => ['artifactType', type]))
    parameters.set('last', next)
    headers.push('Link', queryLink(`/v2/${repository}/referrers/${digest}`, parameters))
  }
  exchange.send(200, headers, body)
}
