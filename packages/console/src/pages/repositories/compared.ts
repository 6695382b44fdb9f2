import type { ClientAnswer } from '@berth/api/client.ts'
import { listLayers } from '@berth/api/layers.ts'
import { readManifest } from '@berth/api/manifests.ts'
import { useApi } from '../../api/queries.ts'
import { platformName } from '../../ui/platform.ts'
import { useRepository } from './repository-context.ts'

type Manifest = ClientAnswer<typeof readManifest>['body']
type Layers = ClientAnswer<typeof listLayers>['body']

/** One of the two images that are compared. */
export type ComparedImage = {
  /** As it was asked for: a tag or a digest. */
  readonly reference: string
  readonly manifest: Manifest
  readonly layers: Layers
}

export type Pair = { readonly before: ComparedImage; readonly after: ComparedImage }

/** How a line differs. */
export type Change = 'added' | 'removed' | 'changed' | 'same'

/** Reads one side: of an index the image for the platform, as the API chooses it. An empty `reference` reads nothing. */
export function useCompared(reference: string, platform: string | undefined) {
  const { repository } = useRepository()
  const isEnabled = reference !== ''
  const params = { repository: repository.name, reference }
  const top = useApi(readManifest, { params }, { isEnabled })
  const isIndex = top.data?.body.kind === 'index'
  const wanted = isIndex && platform !== undefined ? { platform } : {}
  const layers = useApi(
    listLayers,
    { params, query: wanted },
    { isEnabled: isEnabled && (isIndex || top.data?.body.kind === 'image') },
  )
  const chosen = layers.data?.body.digest
  const child = useApi(
    readManifest,
    { params: { repository: repository.name, reference: chosen ?? '' } },
    { isEnabled: isIndex && chosen !== undefined },
  )
  const manifest = isIndex ? child.data?.body : top.data?.body
  const isOther = top.data && !isIndex && top.data.body.kind !== 'image'
  const read = isOther ? noLayers(top.data.body.digest) : layers.data?.body
  const image: ComparedImage | undefined =
    manifest && read ? { reference, manifest, layers: read } : undefined
  return {
    reference,
    top: top.data?.body,
    image,
    error: top.error ?? layers.error ?? child.error,
    refetch: () => void Promise.all([top.refetch(), layers.refetch(), child.refetch()]),
  }
}

function noLayers(digest: string): Layers {
  return { digest, items: [], isTruncated: false }
}

/** The platforms that an index can be looked at for; none for a single image. */
export function platformsOf({ top }: { top: Manifest | undefined }): readonly string[] {
  if (top?.kind !== 'index') return []
  return top.children.flatMap(({ platform }) => platformName(platform) ?? [])
}
