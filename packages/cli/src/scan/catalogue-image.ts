import { isSea } from 'node:sea'
import { ClientError } from '@berth/client/client-error.ts'
import type { ContentSource, ManifestContent } from '@berth/client/content.ts'
import type { TransferListener } from '@berth/client/transfer.ts'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import { parseImageConfig } from '@berth/oci/image-config.ts'
import { formatPlatform, type TargetPlatform } from '@berth/oci/platform.ts'
import type { Reference } from '@berth/oci/reference.ts'
import type { LayerCatalogue } from '@berth/scanner/catalogue.ts'
import type { NotCovered } from '@berth/scanner/package.ts'
import { LayerScanner } from '@berth/scanner/layers/layer-scanner.ts'
import { mergeLayers } from '@berth/scanner/layers/merge.ts'
import { cacheFolder } from '../client.ts'
import type { CommandContext } from '../context.ts'
import { choosePlatform } from '../inspect/choose-platform.ts'
import { isImageConfig } from '../inspect/image-summary.ts'
import { shortDigest } from '../format.ts'
import { readSmallBlob } from '../inspect/small-blob.ts'
import { mapLimited } from '../limited.ts'
import { LayerCache } from './layer-cache.ts'
import type { Scanned } from './scanned.ts'

const layersAtOnce = 2

/**
 * Catalogues one platform of an image: the wanted one, else this machine's, else the first. Layers that were read before
 * are not read again. Throws `notFound`, `platformMissing`, `unsupported` for what is no image of layers, and in the single
 * executable, which cannot start the process that layers are read in.
 */
export async function catalogueImage(
  context: CommandContext,
  source: ContentSource,
  reference: Reference,
  given: {
    readonly name: string
    readonly platform: TargetPlatform | undefined
    readonly onTransfer: TransferListener
  },
): Promise<Scanned> {
  if (isSea()) {
    throw new ClientError('unsupported', 'This executable cannot read the layers of images.', {
      next: 'Install the npm package berth for that; folders (dir:) and SBOMs (sbom:) work here too.',
    })
  }
  const { signal } = context
  const manifest = await chooseImage(source, reference, given, signal)
  const { config, layers } = manifest.parsed
  if (!isImageConfig(config)) {
    throw new ClientError(
      'unsupported',
      `${given.name} is no image of layers, so nothing is in it.`,
    )
  }
  const read = parseImageConfig(await readSmallBlob(source, config, signal))
  const catalogues = await readLayers(context, source, layers, given.onTransfer)
  const catalogue = mergeLayers(catalogues)
  return {
    artifact: {
      name: given.name,
      digest: manifest.descriptor.digest,
      mediaType: manifest.descriptor.mediaType,
      ...(read.os !== undefined &&
        read.architecture !== undefined && {
          platform: formatPlatform({
            os: read.os,
            architecture: read.architecture,
            variant: read.variant,
          }),
        }),
      size: layers.reduce((sum, { size }) => sum + size, config.size),
      imageId: config.digest,
      diffIds: catalogues.map(({ diffId }) => diffId),
      labels: read.labels,
    },
    catalogue: {
      ...catalogue,
      notCovered: [...catalogue.notCovered, ...claimedOtherwise(read.diffIds, catalogues)],
    },
  }
}

async function chooseImage(
  source: ContentSource,
  reference: Reference,
  given: { name: string; platform: TargetPlatform | undefined },
  signal: AbortSignal,
): Promise<ManifestContent> {
  const top = await source.readManifest(reference, signal)
  if (top.parsed.kind !== 'index') return top
  const child = choosePlatform(top.parsed, given.platform, given.name)
  if (child === undefined) {
    throw new ClientError('platformMissing', `${given.name} lists no image that runs anywhere.`)
  }
  return source.readManifest({ kind: 'digest', digest: child.digest }, signal)
}

async function readLayers(
  context: CommandContext,
  source: ContentSource,
  layers: readonly Descriptor[],
  onTransfer: TransferListener,
): Promise<LayerCatalogue[]> {
  const cache = new LayerCache(cacheFolder(context.terminal.env, 'layers'))
  const scanner = new LayerScanner()
  try {
    return await mapLimited(layers, layersAtOnce, async (layer) => {
      const known = await cache.read(layer.digest)
      if (known !== undefined) return known
      const isElsewhere = (layer.urls?.length ?? 0) > 0
      const { signal } = context
      const { mediaType, digest } = layer
      const id = `scan ${digest}`
      onTransfer({ kind: 'started', id, label: `layer ${shortDigest(digest)}`, total: layer.size })
      try {
        const found = await scanner.catalogueLayer({
          stream: isElsewhere ? undefined : await source.openBlob(layer, { signal }),
          mediaType,
          name: `layer ${digest}`,
          signal,
          onProgress: (bytes) => onTransfer({ kind: 'advanced', id, bytes }),
        })
        onTransfer({ kind: 'finished', id, outcome: 'read' })
        if (!isElsewhere) await cache.write(digest, found)
        return found
      } catch (error) {
        onTransfer({ kind: 'failed', id, reason: (error as Error).message })
        throw error
      }
    })
  } finally {
    await scanner.close()
  }
}

/** What the config says of the layers is only a claim. */
function claimedOtherwise(
  claimed: readonly string[],
  read: readonly LayerCatalogue[],
): NotCovered[] {
  return read.flatMap(({ diffId }, at) =>
    claimed[at] === undefined || claimed[at] === diffId
      ? []
      : [
          {
            path: `layer ${diffId}`,
            reason: `The config says that layer ${at + 1} is ${claimed[at]}, and it is another.`,
          },
        ],
  )
}
