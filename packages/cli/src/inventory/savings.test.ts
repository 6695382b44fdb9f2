import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RegistryContents } from './contents.ts'
import { buildContentGraph, type ContentGraph } from './content-graph.ts'
import { freedBytes, joinPlans, type Plan } from './savings.ts'
import { ContentsBuilder } from './testing/contents-builder.ts'
import { generatedContents } from './testing/generated-contents.ts'
import { repositoryUsage } from './usage.ts'

/** What is kept when only these roots of each repository are left: sets of digests, followed one by one. */
function storedNaively(
  contents: RegistryContents,
  roots: readonly (readonly [number, string])[],
): number {
  const manifests = new Set<string>()
  const blobs = new Map<string, number>()
  for (const [repository, root] of roots) {
    const held = contents.repositories[repository]!.manifests
    const reached = new Set([root])
    let before = -1
    while (before !== reached.size) {
      before = reached.size
      for (const digest of held) {
        const facts = contents.manifests.get(digest)!
        if (facts.subject !== undefined && reached.has(facts.subject)) reached.add(digest)
        if (!reached.has(digest)) continue
        for (const child of facts.children) if (held.has(child.digest)) reached.add(child.digest)
      }
    }
    for (const digest of reached) manifests.add(digest)
  }
  let bytes = 0
  for (const [digest, facts] of contents.manifests) {
    if (!manifests.has(digest)) continue
    bytes += facts.size
    for (const each of [facts.config!, ...facts.layers]) if (each) blobs.set(each.digest, each.size)
  }
  return [...blobs.values()].reduce((sum, size) => sum + size, bytes)
}

function rootsOf(graph: ContentGraph, removed: ReadonlySet<number>): (readonly [number, string])[] {
  return graph.roots
    .filter((root) => !removed.has(root))
    .map((root) => {
      const { repository, manifest } = graph.holdings[root]!
      return [repository, graph.manifests[manifest]!.facts.digest] as const
    })
}

describe('freedBytes', () => {
  it('is what a naive count finds missing after any roots are removed', () => {
    fc.assert(
      fc.property(generatedContents, fc.array(fc.nat(20)), (contents, picks) => {
        const graph = buildContentGraph(contents)
        const removed = new Set(picks.flatMap((pick) => graph.roots[pick] ?? []))
        expect(storedNaively(contents, rootsOf(graph, new Set()))).toBe(graph.storedBytes)
        expect(freedBytes(graph, { removedRoots: removed })).toBe(
          graph.storedBytes - storedNaively(contents, rootsOf(graph, removed)),
        )
      }),
      { numRuns: 300 },
    )
  })

  it('frees everything when all roots are removed, and nothing for nothing', () => {
    fc.assert(
      fc.property(generatedContents, (contents) => {
        const graph = buildContentGraph(contents)
        expect(freedBytes(graph, { removedRoots: new Set(graph.roots) })).toBe(graph.storedBytes)
        expect(freedBytes(graph, {})).toBe(0)
      }),
    )
  })

  it('counts a rebuilt manifest with its new blobs, whatever else holds the old ones', () => {
    fc.assert(
      fc.property(
        generatedContents,
        fc.array(fc.record({ manifest: fc.nat(10), without: fc.nat(20), with: fc.nat(20) })),
        fc.array(fc.tuple(fc.nat(20), fc.nat(20)), { maxLength: 3 }),
        (contents, changes, replacements) => {
          const graph = buildContentGraph(contents)
          const inRange = (blob: number): boolean => blob < graph.blobs.length
          const rebuilt = new Map(
            changes
              .filter((each) => each.manifest < graph.manifests.length)
              .filter((each) => inRange(each.without) && inRange(each.with))
              .map((each) => [
                each.manifest,
                { without: new Set([each.without]), with: new Set([each.with]) },
              ]),
          )
          const replaced = joinPlans(
            replacements
              .filter(([from, to]) => from !== to && inRange(from) && inRange(to))
              .map(([from, to]) => ({ replaced: new Map([[from, to]]) })),
          ).replaced!
          const left = new Set<number>()
          for (const [at, { blobs }] of graph.manifests.entries()) {
            const own = new Set(blobs)
            for (const blob of rebuilt.get(at)?.without ?? []) own.delete(blob)
            for (const blob of rebuilt.get(at)?.with ?? []) own.add(blob)
            for (const blob of own) {
              let final = blob
              for (const [from, to] of replaced) if (final === from) final = to
              left.add(final)
            }
          }
          const gone = graph.blobs.filter((_, at) => !left.has(at))
          expect(freedBytes(graph, { rebuilt, replaced })).toBe(
            gone.reduce((sum, { size }) => sum + size, 0),
          )
        },
      ),
      { numRuns: 300 },
    )
  })

  it('frees everything by the plans for all roots together, and no more than that by any', () => {
    fc.assert(
      fc.property(generatedContents, (contents) => {
        const graph = buildContentGraph(contents)
        const plans: Plan[] = graph.roots.map((root) => ({ removedRoots: new Set([root]) }))
        expect(freedBytes(graph, joinPlans(plans))).toBe(graph.storedBytes)
        for (const plan of plans) {
          expect(freedBytes(graph, plan)).toBeLessThanOrEqual(graph.storedBytes)
        }
      }),
    )
  })
})

describe('repositoryUsage', () => {
  it('agrees with sets of digests: unique is what no other repository holds', () => {
    fc.assert(
      fc.property(generatedContents, (contents) => {
        const content = contents.repositories.map(({ manifests }) => {
          const sizes = new Map<string, number>()
          for (const digest of manifests) {
            const facts = contents.manifests.get(digest)!
            sizes.set(`manifest ${digest}`, facts.size)
            for (const each of facts.layers) sizes.set(each.digest, each.size)
            if (facts.config !== undefined) sizes.set(facts.config.digest, facts.config.size)
          }
          return sizes
        })
        const usage = repositoryUsage(buildContentGraph(contents))
        for (const [at, own] of content.entries()) {
          const others = content.filter((each) => each !== own)
          const unique = [...own].filter(([digest]) => !others.some((each) => each.has(digest)))
          const total = [...own.values()].reduce((sum, size) => sum + size, 0)
          const uniqueBytes = unique.reduce((sum, [, size]) => sum + size, 0)
          expect(usage[at]).toEqual({
            name: contents.repositories[at]!.name,
            totalBytes: total,
            uniqueBytes,
            sharedBytes: total - uniqueBytes,
          })
        }
      }),
    )
  })

  it('counts a layer once that an image has twice', () => {
    const builder = new ContentsBuilder()
    const layers = [
      { content: 'base', size: 100 },
      { content: 'base', size: 100 },
    ]
    builder.put('a', builder.image({ id: 'one', layers, manifestSize: 7, configSize: 3 }), ['1'])
    expect(repositoryUsage(buildContentGraph(builder.build()))[0]).toMatchObject({
      totalBytes: 110,
      uniqueBytes: 110,
    })
  })
})

describe('buildContentGraph', () => {
  it('takes a signature under the tag of its subject as a part of it', () => {
    const builder = new ContentsBuilder()
    const image = builder.image({ id: 'image', layers: [], manifestSize: 10 })
    const signature = builder.image({ id: 'signature', layers: [], manifestSize: 5, config: 's' })
    builder.put('a', image, ['1']).put('a', signature, [`${image.replace(':', '-')}.sig`])
    const graph = buildContentGraph(builder.build())
    expect(graph.roots).toHaveLength(1)
    expect(freedBytes(graph, { removedRoots: new Set(graph.roots) })).toBe(15)
  })
})
