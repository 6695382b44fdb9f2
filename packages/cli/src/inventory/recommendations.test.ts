import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ManifestDates, RegistryContents } from './contents.ts'
import { analyseRegistry, type InventoryReport } from './report.ts'
import { ContentsBuilder } from './testing/contents-builder.ts'
import { generatedContents } from './testing/generated-contents.ts'

const now = new Date('2026-11-27T12:00:00Z')

function analyse(contents: RegistryContents): InventoryReport {
  return analyseRegistry(contents, { now, staleDays: 90 })
}

function daysAgo(days: number): Date {
  return new Date(now.getTime() - days * 86_400_000)
}

function dates(pushed: number, pulled?: number): ManifestDates {
  return {
    pushedAt: daysAgo(pushed),
    lastPulledAt: pulled === undefined ? undefined : daysAgo(pulled),
  }
}

function savings({ recommendations }: InventoryReport): Record<string, number> {
  return Object.fromEntries(recommendations.map(({ kind, savesBytes }) => [kind, savesBytes]))
}

/** An image on a version of a base of two layers that share the first one with every other version. */
function onBase(version: string, own: string, size = 10) {
  return {
    layers: [
      { content: 'system', size: 1000 },
      { content: `python ${version}`, size: 100 },
      { content: own, size },
    ],
  }
}

describe('recommend', () => {
  it('never promises more than is stored, nor together less than any one of them', () => {
    fc.assert(
      fc.property(generatedContents, (contents) => {
        const report = analyse(contents)
        for (const { savesBytes } of report.recommendations) {
          expect(savesBytes).toBeGreaterThan(0)
          expect(savesBytes).toBeLessThanOrEqual(report.totals.storedBytes)
        }
        expect(report.recommendedBytes).toBeLessThanOrEqual(report.totals.storedBytes)
        const removing = report.recommendations.filter(({ kind }) =>
          ['stale', 'untagged'].includes(kind),
        )
        for (const { savesBytes } of removing) {
          expect(report.recommendedBytes).toBeGreaterThanOrEqual(savesBytes)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('saves of an old tag what nothing else needs, and nothing of what was pulled since', () => {
    const builder = new ContentsBuilder()
    const shared = { content: 'shared', size: 500 }
    const image = (id: string, size: number) =>
      builder.image({ id, layers: [shared, { content: id, size }], manifestSize: 3, configSize: 2 })
    builder
      .put('a', image('old', 40), ['1', '1.0'], dates(200))
      .put('a', image('pulled', 60), ['2'], dates(200, 10))
      .put('a', image('new', 80), ['3'], dates(2))
    const report = analyse(builder.build())
    expect(report.ages).toMatchObject({
      staleTags: 2,
      tellsPulls: true,
      oldest: [{ name: 'a:1', ageDays: 200, lastPulledAt: null }],
    })
    expect(savings(report)).toEqual({ stale: 45 })
    expect(report.recommendations[0]!.text).toBe(
      '2 tags are older than 90 days, and not pulled in that time; remove what nobody needs',
    )
  })

  it('does not take a date that stands for none, nor one that nobody knows, for old', () => {
    const builder = new ContentsBuilder()
    builder
      .put('a', builder.image({ id: '1', layers: [], created: new Date(0) }), ['1'])
      .put('a', builder.image({ id: '2', layers: [] }), ['2'])
      .put('a', builder.image({ id: '3', layers: [], created: daysAgo(-5) }), ['3'])
    const { ages } = analyse(builder.build())
    expect(ages.staleTags).toBe(0)
    expect(ages.buckets.filter(({ images }) => images > 0)).toEqual([
      { label: '1 week', upToDays: 7, images: 1 },
      { label: 'unknown', upToDays: null, images: 2 },
    ])
  })

  it('finds the bases that an annotation names by digest though none of them is here', () => {
    const builder = new ContentsBuilder()
    const add = (id: string, version: string) =>
      builder.image({
        id,
        ...onBase(version, id),
        annotations: {
          'org.opencontainers.image.base.name': 'python:3.12-slim',
          'org.opencontainers.image.base.digest': `sha256:${version.repeat(64)}`,
        },
        created: daysAgo(version === '2' ? 1 : 50),
      })
    builder.put('a', add('a', '1'), ['1']).put('b', add('b', '1'), ['1'])
    builder.put('c', add('c', '2'), ['1']).put('d', add('d', '3'), ['1'])
    const report = analyse(builder.build())
    // Two layers, as a and b share; the first one is in all versions and stays.
    expect(savings(report)).toEqual({ base: 200 })
    expect(report.recommendations[0]).toMatchObject({
      text: '4 images are built on 3 different digests of python:3.12-slim; rebuild them on one',
      subjects: ['a:1', 'b:1', 'c:1', 'd:1'],
    })
  })

  it('says nothing of bases whose layers it cannot tell from those above', () => {
    const builder = new ContentsBuilder()
    const add = (id: string, version: string) =>
      builder.image({ id, ...onBase(version, id), environment: ['PYTHON_VERSION=3.12.1'] })
    builder.put('a', add('a', '1'), ['1']).put('a', add('a2', '1'), ['2'])
    expect(savings(analyse(builder.build()))).toEqual({})
  })

  it('leaves versions alone that are meant', () => {
    const builder = new ContentsBuilder()
    for (const version of ['3.11', '3.12']) {
      const environment = [`PYTHON_VERSION=${version}.1`]
      const layers = onBase(version, version).layers
      const base = builder.image({ id: `base ${version}`, layers: layers.slice(0, 2), environment })
      builder.put('base/python', base, [version])
      builder.put('team/api', builder.image({ id: version, layers, environment }), [version])
    }
    expect(savings(analyse(builder.build()))).toEqual({})
  })

  it('keeps the older base in the sum when somebody else needs its layers', () => {
    const builder = new ContentsBuilder()
    for (const version of ['1', '2']) {
      const { layers } = onBase(version, `api ${version}`)
      const base = {
        id: `base ${version}`,
        layers: layers.slice(0, 2),
        manifestSize: 7,
        configSize: 1,
      }
      const created = daysAgo(version === '2' ? 1 : 60)
      builder.put('base/python', builder.image({ ...base, created }), [`3.12.${version}`])
      builder.put('team/api', builder.image({ id: `api ${version}`, layers }), [version])
    }
    // This one stands on the older base's layer and says that it is something else.
    const other = builder.image({
      id: 'other',
      layers: [{ content: 'python 1', size: 100 }],
      environment: ['NODE_VERSION=22.1.0'],
    })
    builder.put('other', other, ['1'])
    expect(savings(analyse(builder.build()))).toEqual({ base: 8 })
  })

  it('finds one image in two packings, and one set of layers in two orders', () => {
    const builder = new ContentsBuilder()
    const a = { content: 'a', size: 30 }
    const b = { content: 'b', size: 20 }
    const one = { id: 'one', layers: [a, b], config: 'same', manifestSize: 4, configSize: 2 }
    const two = {
      ...one,
      id: 'two',
      layers: [{ ...a, blob: 'a zstd', size: 25 }, b],
      manifestSize: 5,
    }
    builder.put('x', builder.image(one), ['1']).put('y', builder.image(two), ['1'])
    builder.put('z', builder.image({ id: 'three', layers: [b, a] }), ['1'])
    builder.put('z', builder.image({ id: 'four', layers: [b, a], config: 'other' }), ['2'])
    const report = analyse(builder.build())
    expect(report.duplicates.images).toEqual([
      { alike: 'config', images: ['x:1', 'y:1'] },
      { alike: 'rootFileSystem', images: ['z:1', 'z:2'] },
      { alike: 'order', images: ['x:1', 'y:1', 'z:1', 'z:2'] },
    ])
    // Kept is the smaller one; z still needs the layer of the other packing, so only a manifest goes.
    expect(savings(report)).toEqual({ sameImage: 4, repacked: 30 })
    expect(report.recommendedBytes).toBe(34)
  })

  it('does not compare 2,000 images of 20 layers with one another', () => {
    const builder = new ContentsBuilder()
    for (let at = 0; at < 2000; at += 1) {
      const layers = Array.from({ length: 20 }, (_, depth) => ({
        content:
          depth < 8 ? `base ${at % 25} ${depth}` : `layer ${at % (200 * (depth - 7))} ${depth}`,
        blob: `blob ${at % 25} ${at % (200 * Math.max(1, depth - 7))} ${depth}`,
        size: 1000 + depth,
      }))
      const image = builder.image({
        id: String(at),
        layers,
        environment: ['PYTHON_VERSION=3.12.1'],
      })
      builder.put(`team/r${at % 60}`, image, [`1.${at}`], dates(at % 400))
    }
    const contents = builder.build()
    const before = process.cpuUsage()
    const report = analyse(contents)
    const { user, system } = process.cpuUsage(before)
    console.log(`2,000 images: ${Math.round((user + system) / 1000)} ms of CPU`)
    expect(report.totals.images).toBe(2000)
    // Loose: the machine may be busy. Whatever compares images with one another takes minutes.
    expect(user + system).toBeLessThan(10_000_000)
  })
})
