import fc from 'fast-check'
import type { Digest } from '@berth/oci/digest.ts'
import type { RegistryContents } from '../contents.ts'
import { ContentsBuilder, type LayerSketch } from './contents-builder.ts'

/**
 * Small registries of every shape: few layers, so that much is shared; the same content in two packings; indexes,
 * referrers, untagged manifests, manifests in several repositories.
 */
export const generatedContents: fc.Arbitrary<RegistryContents> = fc
  .record({
    images: fc.array(
      fc.record({
        layers: fc.array(fc.record({ content: fc.nat(5), packing: fc.nat(1) }), { maxLength: 5 }),
        config: fc.nat(6),
        manifestSize: fc.integer({ min: 1, max: 9 }),
        subject: fc.option(fc.nat(7), { nil: undefined }),
        repositories: fc.array(fc.nat(3), { minLength: 1, maxLength: 3 }),
        tags: fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 2 }),
        day: fc.nat(400),
      }),
      { minLength: 1, maxLength: 8 },
    ),
    indexes: fc.array(
      fc.record({
        children: fc.array(fc.nat(7), { minLength: 1, maxLength: 3 }),
        repository: fc.nat(3),
        tags: fc.array(fc.constantFrom('x', 'y'), { maxLength: 1 }),
      }),
      { maxLength: 3 },
    ),
  })
  .map(({ images, indexes }) => {
    const builder = new ContentsBuilder()
    const digests: Digest[] = []
    for (const [at, { layers, config, manifestSize, subject, day }] of images.entries()) {
      digests.push(
        builder.image({
          id: String(at),
          layers: layers.map(sketchLayer),
          config: String(config),
          configSize: 3,
          manifestSize,
          created: new Date(Date.UTC(2026, 0, 1) - day * 86_400_000),
          ...(subject !== undefined && subject < at && { subject: String(subject) }),
        }),
      )
    }
    for (const [at, { repositories, tags }] of images.entries()) {
      const digest = digests[at]
      if (digest === undefined) continue
      for (const repository of repositories) builder.put(`team/r${repository}`, digest, tags)
    }
    for (const [at, { children, repository, tags }] of indexes.entries()) {
      const held = children.flatMap((child) => digests[child] ?? [])
      builder.put(`team/r${repository}`, builder.index(`index ${at}`, held, 5), tags)
    }
    return builder.build()
  })

function sketchLayer({ content, packing }: { content: number; packing: number }): LayerSketch {
  return {
    content: `layer ${content}`,
    blob: `layer ${content} packing ${packing}`,
    size: 100 * 2 ** content + packing,
  }
}
