import { listLayers } from '@berth/api/layers.ts'
import { useApi } from '../../api/queries.ts'
import { useImage } from './image-context.ts'
import type { Layer } from './steps.ts'

/** The layers of the image by their diffID, by which scans name them. Empty until they are read. */
export function useLayersByDiffId(): ReadonlyMap<string, Layer> {
  const { repository, image } = useImage()
  const { data } = useApi(
    listLayers,
    { params: { repository: repository.name, reference: image.digest } },
    { isEnabled: image.kind === 'image' },
  )
  const layers = new Map<string, Layer>()
  for (const layer of data?.body.items ?? []) {
    if (layer.diffId !== null && !layers.has(layer.diffId)) layers.set(layer.diffId, layer)
  }
  return layers
}
