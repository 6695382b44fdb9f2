import { listReferrers } from '@berth/api/referrers.ts'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import { parseDigest } from '@berth/oci/digest.ts'
import { parseRepositoryName } from '@berth/oci/reference.ts'
import { type Binding, bind } from './call.ts'

/** What is about a manifest: signatures and the like. */
export const referrerRoutes: readonly Binding[] = [
  bind(
    listReferrers,
    { on: 'repository', action: 'pull' },
    async ({ referrers }, { params, query }) => {
      const { descriptors, next } = await referrers.listReferrers(
        parseRepositoryName(params.repository),
        parseDigest(params.digest),
        { artifactTypes: query.artifactType ?? [], after: query.after },
      )
      return { body: { items: descriptors.map(toBody), next: next ?? null } }
    },
  ),
]

function toBody(descriptor: Descriptor) {
  const { digest, mediaType, artifactType = null, size, annotations } = descriptor
  return { digest, mediaType, artifactType, size, annotations: { ...annotations } }
}
