import type { Catalogue, LayerCatalogue } from '@berth/scanner/catalogue.ts'
import type { AdvisoryData, PackageFinding } from '@berth/scanner/finding.ts'
import type { LayerScanner } from '@berth/scanner/layers/layer-scanner.ts'
import { mergeLayers } from '@berth/scanner/layers/merge.ts'
import type { NotCovered } from '@berth/scanner/package.ts'
import { writeHarbor } from '@berth/scanner/reports/harbor.ts'
import { parseDigest } from '@berth/oci/digest.ts'
import { isForeignLayer, isImageManifestMediaType } from '@berth/oci/media-type.ts'
import { parseManifest } from '@berth/oci/manifest.ts'
import type { Outbound } from '../../outbound/outbound.ts'
import { version } from '../../version.ts'
import { ScannerFailure } from '../external-finding.ts'
import { type RemotePlace, RemoteRegistry } from './remote-registry.ts'

/** What is asked for, checked. */
export type RemoteScan = {
  readonly place: RemotePlace
  readonly digest: string
  readonly tag: string | undefined
}

export type RemoteScanParts = {
  readonly outbound: Pick<Outbound, 'fetch' | 'stream'>
  readonly layers: Pick<LayerScanner, 'catalogueLayer'>
  /** Off the main thread. */
  readonly findInCatalogue: (
    catalogue: Catalogue,
  ) => Promise<{ findings: PackageFinding[]; uncovered: NotCovered[]; data: AdvisoryData }>
  readonly now: () => number
}

const layersMax = 500
const fileSystemLayer = /^application\/vnd\.(?:oci\.image\.layer\.|docker\.image\.rootfs\.)/
const manifestTypes =
  'application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json'

/**
 * Looks into an image of another registry and writes the report, `application/vnd.security.vulnerability.report;
 * version=1.1`. Nothing of the image is kept. Throws `ScannerFailure`, `BerthError`, what the layer scanner throws, and
 * the reason of the signal.
 */
export async function scanRemote(
  parts: RemoteScanParts,
  { place, digest, tag }: RemoteScan,
  signal: AbortSignal,
): Promise<string> {
  const registry = new RemoteRegistry({ outbound: parts.outbound, place, signal })
  const { bytes, mediaType } = await registry.document(
    'manifests',
    parseDigest(digest),
    manifestTypes,
  )
  const type = mediaType.split(';')[0]?.trim() ?? ''
  if (!isImageManifestMediaType(type)) {
    throw new ScannerFailure(
      `The registry serves a manifest of the type ${type}, which is no image.`,
    )
  }
  const manifest = parseManifest(bytes, type)
  const { layers } = manifest
  if (!layers.some((layer) => fileSystemLayer.test(layer.mediaType))) {
    throw new ScannerFailure('It holds no layers of files, so it is no image to run.')
  }
  if (layers.length > layersMax) {
    throw new ScannerFailure(`It has ${layers.length} layers, and ${layersMax} are read.`)
  }
  const catalogues: LayerCatalogue[] = []
  for (const layer of layers) {
    signal.throwIfAborted()
    const isElsewhere = isForeignLayer(layer.mediaType)
    catalogues.push(
      await parts.layers.catalogueLayer({
        stream: isElsewhere ? undefined : await registry.layer(layer.digest, layer.size),
        mediaType: layer.mediaType,
        name: `layer ${layer.digest}`,
        signal,
      }),
    )
  }
  const catalogue = mergeLayers(catalogues)
  const { findings, uncovered, data } = await parts.findInCatalogue(catalogue)
  const { repository } = place
  return writeHarbor({
    artifact: {
      name: tag === undefined ? `${repository}@${digest}` : `${repository}:${tag}`,
      digest,
      mediaType: type,
      size: bytes.length,
    },
    scanner: { name: 'Berth', version },
    scannedAt: new Date(parts.now()).toISOString(),
    data,
    catalogue: { ...catalogue, notCovered: [...catalogue.notCovered, ...uncovered] },
    findings,
    suppressed: [],
  })
}
