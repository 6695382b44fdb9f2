import { parseDigest } from '@berth/oci/digest.ts'
import type { TagName } from '@berth/oci/reference.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parsePattern } from '../pattern.ts'
import { needsAge, planPrune } from './plan.ts'
import { removedByModel } from './plan-model.ts'
import type { PrunableImage } from './prunable-image.ts'
import { type PruneRules, readPruneRules } from './prune-rules.ts'

const now = new Date('2026-08-01T00:00:00Z')
const day = 86_400_000
const digest = (at: number) => parseDigest(`sha256:${at.toString(16).padStart(64, '0')}`)

function image(
  at: number,
  given: Partial<Omit<PrunableImage, 'tags'>> & { tags?: string[]; days?: number },
): PrunableImage {
  const { tags = [], days, ...rest } = given
  return {
    digest: digest(at),
    kind: 'image',
    children: [],
    subjects: [],
    age:
      days === undefined ? undefined : { at: new Date(now.getTime() - days * day), from: 'pushed' },
    lastPulledAt: undefined,
    weights: undefined,
    lockedBy: undefined,
    ...rest,
    tags: tags as TagName[],
  }
}

const signature = (at: number, suffix = '.sig'): string => `sha256-${digest(at).slice(7)}${suffix}`

function removed(
  images: readonly PrunableImage[],
  options: Parameters<typeof readPruneRules>[0],
): string[] {
  return planPrune(images, readPruneRules(options), now)
    .verdicts.filter(({ action }) => action === 'remove')
    .map(({ image }) => image.tags[0] ?? image.digest.slice(-1))
}

describe('the rules one by one', () => {
  test('by default what is older than 90 days goes, untagged manifests stay', () => {
    const images = [
      image(1, { tags: ['old'], days: 91 }),
      image(2, { tags: ['limit'], days: 90 }),
      image(3, { tags: ['young'], days: 89 }),
      image(4, { tags: ['tomorrow'], days: -1 }),
      image(5, { days: 400 }),
    ]
    expect(removed(images, {})).toEqual(['old', 'limit'])
    expect(removed(images, { untagged: true })).toEqual(['old', 'limit', '5'])
  })

  test('the newest N stay, counted among those that nothing else keeps', () => {
    const images = [1, 2, 3, 4, 5].map((at) => image(at, { tags: [`t${at}`], days: 100 + at }))
    expect(removed(images, { keepLast: '2' })).toEqual(['t3', 't4', 't5'])
    expect(removed(images, { keepLast: '2', keep: ['t1'] })).toEqual(['t4', 't5'])
    expect(removed(images, { keepLast: '1', match: ['t[345]'] })).toEqual(['t4', 't5'])
  })

  test('of unknown age goes only what is asked for, the lowest versions first', () => {
    const images = ['1.9', '1.10', '1.2'].map((tag, at) => image(at, { tags: [tag] }))
    expect(removed(images, { olderThan: '0d' })).toEqual([])
    expect(removed(images, { unknownAge: 'remove', keepLast: '1' })).toEqual(['1.9', '1.2'])
  })

  test('an image goes only when all of its tags may go', () => {
    const images = [
      image(1, { tags: ['pr-1', 'stable'], days: 200 }),
      image(2, { tags: ['pr-2'], days: 200 }),
    ]
    expect(removed(images, { keep: ['stable'] })).toEqual(['pr-2'])
    expect(removed(images, { match: ['pr-*'] })).toEqual(['pr-2'])
  })

  test('releases stay, pre-releases of them do not', () => {
    const images = ['1.2.3', 'v2.0', '1.2-alpine', '1.2.3-rc.1', 'main'].map((tag, at) =>
      image(at, { tags: [tag], days: 99 }),
    )
    expect(removed(images, { keepReleases: true })).toEqual(['1.2.3-rc.1', 'main'])
  })

  test('what was pulled lately stays', () => {
    const pulled = (days: number) => new Date(now.getTime() - days * day)
    const images = [
      image(1, { tags: ['used'], days: 200, lastPulledAt: pulled(3) }),
      image(2, { tags: ['unused'], days: 200, lastPulledAt: pulled(31) }),
    ]
    expect(removed(images, { keepPulledWithin: '30d' })).toEqual(['unused'])
    expect(removed(images, {})).toEqual(['used', 'unused'])
  })

  test('what a lock file pins stays, with all that belongs to it', () => {
    const images = [
      image(1, {
        tags: ['index'],
        days: 200,
        kind: 'index',
        children: [digest(2)],
        lockedBy: 'build-lock.json',
      }),
      image(2, { tags: ['child'], days: 200 }),
      image(3, { subjects: [digest(1)], days: 200 }),
    ]
    expect(removed(images, {})).toEqual([])
    expect(planPrune(images, readPruneRules({}), now).verdicts[0]?.reason).toContain(
      'build-lock.json',
    )
  })
})

describe('what hangs together', () => {
  test('children stay with any index that stays, and go with the last one', () => {
    const child = image(3, { days: 400 })
    const index = (at: number, days: number) =>
      image(at, { tags: [`i${at}`], days, kind: 'index', children: [digest(3)] })
    expect(removed([index(1, 100), index(2, 1), child], { untagged: true })).toEqual(['i1'])
    expect(removed([index(1, 100), index(2, 95), child], {})).toEqual(['i1', 'i2', '3'])
  })

  test('signatures and referrers go with their subject and stay with it, however old', () => {
    const of = (at: number, days: number) => [
      image(at, { tags: [`t${at}`], days }),
      image(at + 1, { tags: [signature(at)], days: 500, subjects: [digest(at)] }),
      image(at + 2, { days: 500, subjects: [digest(at)] }),
      image(at + 3, { days: 500, subjects: [digest(at + 2)] }),
    ]
    expect(removed(of(1, 1), { untagged: true })).toEqual([])
    expect(removed(of(1, 100), {})).toEqual(['t1', signature(1), '3', '4'])
  })

  test('a referrer that is kept for its own sake keeps what it is about', () => {
    const images = [
      image(1, { tags: ['old'], days: 100 }),
      image(2, { tags: ['sbom'], days: 1, subjects: [digest(1)] }),
    ]
    expect(removed(images, {})).toEqual([])
  })

  test('a signature of what is gone is treated as untagged', () => {
    const images = [image(1, { tags: [signature(9)], days: 100, subjects: [digest(9)] })]
    expect(removed(images, {})).toEqual([])
    expect(removed(images, { untagged: true })).toEqual([signature(9)])
  })
})

describe('what is freed', () => {
  test('a layer that something kept needs is not counted, a shared one once', () => {
    const layer = (at: number, size: number) => ({ digest: digest(100 + at), size })
    const images = [
      image(1, { tags: ['a'], days: 100, weights: [layer(1, 10), layer(2, 100)] }),
      image(2, { tags: ['b'], days: 100, weights: [layer(2, 100), layer(3, 1000)] }),
      image(3, { tags: ['c'], days: 1, weights: [layer(3, 1000)] }),
    ]
    expect(planPrune(images, readPruneRules({}), now).freed).toEqual({
      bytes: 110,
      isExact: true,
      unknown: 0,
    })
    const untold = [...images, image(4, { tags: ['d'], days: 1 })]
    expect(planPrune(untold, readPruneRules({}), now).freed).toMatchObject({
      isExact: false,
      unknown: 1,
    })
  })
})

const tagPool = ['latest', 'main', 'pr-1', 'pr-2', '1.0', '1.0.1', 'v2.0', '2.0.0-rc.1', 'dev']
const count = 10

const anImages: fc.Arbitrary<PrunableImage[]> = fc
  .tuple(
    fc.array(
      fc.record({
        days: fc.option(fc.constantFrom(-1, 0, 29, 30, 31, 89, 90, 91, 200), { nil: undefined }),
        pulledDays: fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined }),
        leads: fc.array(fc.nat({ max: count + 1 }), { maxLength: 3 }),
        subjects: fc.array(fc.nat({ max: count + 1 }), { maxLength: 2 }),
        signs: fc.boolean(),
        isLocked: fc.integer({ min: 0, max: 9 }).map((each) => each === 0),
      }),
      { maxLength: count },
    ),
    // Where each tag of the pool points, if anywhere.
    fc.array(fc.option(fc.nat({ max: count - 1 }), { nil: undefined }), {
      minLength: tagPool.length,
      maxLength: tagPool.length,
    }),
  )
  .map(([shapes, places]) =>
    shapes.map((shape, at) => {
      // A digest can only lead to what was there before it: never in a circle.
      const subjects = [...new Set(shape.subjects)].filter((subject) => subject > at)
      const tags = tagPool.filter((_, place) => places[place] === at)
      if (shape.signs) tags.push(...subjects.map((subject) => signature(subject)))
      const children = shape.leads.filter((child) => child > at).map((child) => digest(child))
      return image(at, {
        ...(shape.days !== undefined && { days: shape.days }),
        kind: children.length > 0 ? 'index' : 'image',
        children: [...new Set(children)],
        subjects: subjects.map((subject) => digest(subject)),
        lastPulledAt:
          shape.pulledDays === undefined
            ? undefined
            : new Date(now.getTime() - shape.pulledDays * day),
        lockedBy: shape.isLocked ? 'lock' : undefined,
        tags,
      })
    }),
  )

const patterns = fc.subarray(
  ['pr-*', '1.*', 'latest', '/^[a-z]+$/'].map((each) => parsePattern(each)),
)
const someRules: fc.Arbitrary<PruneRules> = fc.record({
  keepLast: fc.nat({ max: 4 }),
  olderThan: fc.constantFrom(0, 30 * day, 90 * day),
  match: patterns,
  keep: patterns,
  keepReleases: fc.boolean(),
  keepPulledWithin: fc.constantFrom(undefined, 30 * day),
  untagged: fc.boolean(),
  unknownAge: fc.constantFrom('keep' as const, 'remove' as const),
})

describe('for any repository and any rules', () => {
  test('the plan agrees with the naive model', () => {
    fc.assert(
      fc.property(anImages, someRules, (images, rules) => {
        const { verdicts } = planPrune(images, rules, now)
        const goes = verdicts
          .filter(({ action }) => action === 'remove')
          .map(({ image }) => image.digest)
        expect(new Set(goes)).toEqual(removedByModel(images, rules, now))
        expect(verdicts.every(({ reason }) => reason !== '')).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  test('nothing that something kept needs ever goes, and a second run finds nothing more', () => {
    fc.assert(
      fc.property(
        anImages,
        someRules,
        fc.constantFrom('keep' as const, 'remove' as const),
        (images, given, unknownAge) => {
          const rules = { ...given, unknownAge }
          const { verdicts } = planPrune(images, rules, now)
          const stays = verdicts.filter(({ action }) => action === 'keep').map(({ image }) => image)
          const goes = new Set(
            verdicts.filter(({ action }) => action === 'remove').map(({ image }) => image.digest),
          )
          for (const kept of stays) {
            for (const child of kept.children) expect(goes.has(child)).toBe(false)
            for (const subject of kept.subjects) expect(goes.has(subject)).toBe(false)
          }
          for (const { digest, lockedBy } of images) {
            if (lockedBy !== undefined) expect(goes.has(digest)).toBe(false)
          }
          const again = planPrune(stays, rules, now).verdicts
          expect(again.every(({ action }) => action === 'keep')).toBe(true)
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('the order in which images are given does not matter', () => {
    fc.assert(
      fc.property(anImages, someRules, (images, rules) => {
        const goes = (list: readonly PrunableImage[]): string[] =>
          planPrune(list, rules, now)
            .verdicts.filter(({ action }) => action === 'remove')
            .map(({ image }) => image.digest)
            .sort()
        expect(goes(images.toReversed())).toEqual(goes(images))
      }),
      { numRuns: 1000 },
    )
  })

  test('where the age is not asked for it does not matter', () => {
    fc.assert(
      fc.property(anImages, someRules, fc.integer({ min: 0, max: 300 }), (images, rules, days) => {
        const changed = images.map((each) =>
          needsAge(each, rules)
            ? each
            : {
                ...each,
                age: { at: new Date(now.getTime() - days * day), from: 'created' as const },
              },
        )
        const actions = (list: readonly PrunableImage[]) =>
          planPrune(list, rules, now).verdicts.map(({ action }) => action)
        expect(actions(changed)).toEqual(actions(images))
      }),
      { numRuns: 1000 },
    )
  })
})
