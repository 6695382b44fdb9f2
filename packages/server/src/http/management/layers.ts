import { listLayerFiles, listLayers } from '@berth/api/layers.ts'
import { parseDigest } from '@berth/oci/digest.ts'
import { parseReference, parseRepositoryName } from '@berth/oci/reference.ts'
import { type Binding, bind } from './call.ts'

const pulling = { on: 'repository', action: 'pull' } as const

/** The layers of images, and the files in them. */
export const layerRoutes: readonly Binding[] = [
  bind(listLayers, pulling, async ({ layers }, { params, query, caller }) => ({
    body: await layers.listLayers(
      caller,
      parseRepositoryName(params.repository),
      parseReference(params.reference),
      query.platform,
    ),
  })),
  bind(listLayerFiles, pulling, async ({ layerFiles }, { params, query }) => {
    const { path, after, limit } = query
    const repository = parseRepositoryName(params.repository)
    const digest = parseDigest(params.digest)
    return { body: await layerFiles.listFiles(repository, digest, { path, after, limit }) }
  }),
]
