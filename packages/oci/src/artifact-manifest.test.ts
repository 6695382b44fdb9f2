import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { artifactManifest, emptyConfig, emptyConfigText } from './artifact-manifest.ts'
import { parseManifest } from './manifest.ts'
import { OCI_IMAGE_MANIFEST } from './media-type.ts'

test('the empty configuration is what its descriptor says', () => {
  const hex = createHash('sha256').update(emptyConfigText).digest('hex')
  expect(emptyConfig).toMatchObject({ digest: `sha256:${hex}`, size: 2 })
})

test('an artifact is read back with its type, its layer and what it is about', () => {
  const subject = { ...emptyConfig, mediaType: OCI_IMAGE_MANIFEST, size: 500 }
  const layer = { ...emptyConfig, mediaType: 'application/spdx+json' }
  const text = artifactManifest({ artifactType: layer.mediaType, layer, subject })
  const parsed = parseManifest(Buffer.from(text), OCI_IMAGE_MANIFEST)
  expect(parsed).toMatchObject({
    artifactType: 'application/spdx+json',
    config: emptyConfig,
    layers: [layer],
    subject,
    annotations: {},
  })
})
