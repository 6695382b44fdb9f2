import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildChainTree, isFork } from './base-chains.ts'
import { buildContentGraph } from './content-graph.ts'
import type { RegistryContents } from './contents.ts'
import { type Family, listFamilies } from './families.ts'
import { listImages } from './images.ts'
import { ContentsBuilder, digestOf, type ImageSketch } from './testing/contents-builder.ts'
import { generatedContents } from './testing/generated-contents.ts'

const base = [
  { content: 'system', size: 100 },
  { content: 'python', size: 50 },
]

function familiesOf(contents: RegistryContents): readonly Family[] {
  const graph = buildContentGraph(contents)
  const images = listImages(graph)
  return listFamilies(graph, images, buildChainTree(images))
}

function flat(families: readonly Family[]): readonly Family[] {
  return families.flatMap((family) => [family, ...flat(family.families)])
}

function builderWith(...images: readonly (ImageSketch & { repository: string; tag?: string })[]) {
  const builder = new ContentsBuilder()
  for (const { repository, tag = '1', ...sketch } of images) {
    builder.put(repository, builder.image(sketch), [tag])
  }
  return builder
}

describe('buildChainTree', () => {
  it('has a fork exactly where a naive comparison of all chains finds one', () => {
    const chains = fc.array(fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 6 }), {
      maxLength: 12,
    })
    fc.assert(
      fc.property(chains, (words) => {
        const images = words.map((chain) => ({ diffIds: chain.map(digestOf) }))
        const { nodes, endOf } = buildChainTree(images)
        const chainOf = (at: number): number => nodes[at]!.depth
        for (const [image, chain] of words.entries())
          expect(chainOf(endOf[image]!)).toBe(chain.length)

        const prefixes = new Map<string, string[]>()
        for (const chain of words) {
          for (let depth = 1; depth <= chain.length; depth += 1) {
            const key = chain.slice(0, depth).join('')
            prefixes.set(key, [...(prefixes.get(key) ?? []), chain.join('')])
          }
        }
        const forks = [...prefixes].filter(([key, members]) => {
          const next = new Set(members.map((each) => each.slice(0, key.length + 1)))
          return members.length > 1 && (next.size > 1 || members.every((each) => each === key))
        })
        expect(nodes.filter(isFork).length).toBe(forks.length)
        expect(
          nodes
            .filter(isFork)
            .map(({ count, depth }) => `${depth} ${count}`)
            .toSorted(),
        ).toEqual(forks.map(([key, members]) => `${key.length} ${members.length}`).toSorted())
      }),
    )
  })
})

describe('listFamilies', () => {
  it('counts images and bytes of every family as sets do', () => {
    fc.assert(
      fc.property(generatedContents, (contents) => {
        const graph = buildContentGraph(contents)
        const images = listImages(graph)
        for (const family of flat(listFamilies(graph, images, buildChainTree(images)))) {
          expect(family.images).toBeGreaterThan(1)
          const candidates = images.filter(({ diffIds }) => diffIds.length >= family.layers)
          const groups = Map.groupBy(candidates, ({ diffIds }) =>
            diffIds.slice(0, family.layers).join(),
          )
          const totals = [...groups.values()]
            .filter((group) => group.length === family.images)
            .map((group) => {
              const sizes = new Map(
                group.flatMap(({ manifest }) =>
                  graph.manifests[manifest]!.blobs.map((blob) => [blob, graph.blobs[blob]!.size]),
                ),
              )
              const manifests = group.reduce((sum, { facts }) => sum + facts.size, 0)
              return [...sizes.values()].reduce((sum, size) => sum + size, manifests)
            })
          expect(totals).toContain(family.totalBytes)
        }
      }),
    )
  })

  it('takes the name from the annotation, with its distance where the base is at hand', () => {
    const annotations = {
      'org.opencontainers.image.base.name': 'docker.io/library/python:3.12-slim',
      'org.opencontainers.image.base.digest': digestOf('manifest base'),
    }
    const app = { content: 'app', size: 10 }
    const builder = builderWith(
      { id: 'base', layers: base, repository: 'mirror/python' },
      { id: 'a', layers: [...base, app], annotations, repository: 'a' },
      { id: 'b', layers: [...base, app, { content: 'b', size: 1 }], annotations, repository: 'b' },
    )
    const [family] = familiesOf(builder.build())
    // The base itself carries no annotation, and two of three images do.
    expect(family).toMatchObject({
      name: 'docker.io/library/python:3.12-slim',
      nameFrom: 'annotation',
      distance: 0,
      layers: 2,
      images: 3,
      chainBytes: 150,
    })
    expect(family!.families).toMatchObject([
      { distance: 1, layers: 3, images: 2, nameFrom: 'annotation' },
    ])
  })

  it('does not call by one name what is built on different digests of it', () => {
    const annotated = (digest: string) => ({
      'org.opencontainers.image.base.name': 'python:3.12',
      'org.opencontainers.image.base.digest': digestOf(digest),
    })
    const builder = builderWith(
      { id: 'a', layers: base, annotations: annotated('1'), repository: 'a' },
      {
        id: 'b',
        layers: [base[0]!, { content: 'b', size: 1 }],
        annotations: annotated('2'),
        repository: 'b',
      },
    )
    expect(familiesOf(builder.build())).toMatchObject([
      { name: 'a layer of linux/amd64', nameFrom: 'platform', layers: 1, images: 2 },
    ])
  })

  it('takes it else from an image that the chain is, from labels, variables, the first step', () => {
    const two = (more: Partial<ImageSketch>, more2: Partial<ImageSketch> = more) => {
      const builder = builderWith(
        { id: 'a', layers: [...base, { content: 'a', size: 1 }], ...more, repository: 'a' },
        { id: 'b', layers: [...base, { content: 'b', size: 1 }], ...more2, repository: 'b' },
      )
      return builder
    }
    const name = (builder: ContentsBuilder): unknown => {
      const [{ name, nameFrom } = { name: '', nameFrom: '' }] = familiesOf(builder.build())
      return [name, nameFrom]
    }
    const withBase = two({})
    withBase.put('base/python', withBase.image({ id: 'base', layers: base }), ['3.12'])
    expect(name(withBase)).toEqual(['base/python:3.12', 'image'])
    const labels = {
      'org.opencontainers.image.ref.name': 'ubuntu',
      'org.opencontainers.image.version': '24.04',
    }
    expect(name(two({ labels }))).toEqual(['ubuntu 24.04', 'labels'])
    const debian = "# debian.sh --arch 'amd64' out/ 'bookworm' '@1730000000'"
    expect(name(two({ environment: ['PYTHON_VERSION=3.12.7'], steps: [debian] }))).toEqual([
      'python 3.12 on debian bookworm',
      'environment',
    ])
    expect(name(two({ steps: [debian] }, { steps: [debian, 'RUN x'] }))).toEqual([
      'debian bookworm',
      'history',
    ])
    expect(
      name(two({ steps: ['ADD alpine-minirootfs-3.20.3-x86_64.tar.gz / # buildkit'] })),
    ).toEqual(['alpine 3.20', 'history'])
  })

  it('shows a name from strangers on one line without controls', () => {
    const annotations = { 'org.opencontainers.image.base.name': '\u001b]0;x\u0007py\nthon\u202e' }
    const builder = builderWith(
      { id: 'a', layers: base, annotations, repository: 'a' },
      { id: 'b', layers: base, annotations, repository: 'b' },
    )
    expect(familiesOf(builder.build())[0]!.name).toMatch(/^[\x20-\x7e]+$/)
  })
})
