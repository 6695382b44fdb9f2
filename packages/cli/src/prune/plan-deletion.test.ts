import { parseDigest } from '@berth/oci/digest.ts'
import { parseTagName } from '@berth/oci/reference.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { planDeletion } from './plan-deletion.ts'
import type { PrunableImage } from './prunable-image.ts'
import { orderRemovals } from './removal-order.ts'

const count = 9
const digest = (at: number) => parseDigest(`sha256:${at.toString(16).padStart(64, '0')}`)

/** Any repository in which digests lead only to those with a higher number, some of them not there. */
const anImages: fc.Arbitrary<PrunableImage[]> = fc
  .array(
    fc.record({
      children: fc.uniqueArray(fc.nat({ max: count + 1 }), { maxLength: 3 }),
      subjects: fc.uniqueArray(fc.nat({ max: count + 1 }), { maxLength: 1 }),
      isTagged: fc.boolean(),
      isLocked: fc.integer({ min: 0, max: 7 }).map((each) => each === 0),
    }),
    { maxLength: count },
  )
  .map((shapes) =>
    shapes.map(({ children, subjects, isTagged, isLocked }, at) => ({
      digest: digest(at),
      tags: isTagged ? [parseTagName(`tag-${at}`)] : [],
      kind: 'image' as const,
      children: children.filter((child) => child > at).map((child) => digest(child)),
      subjects: subjects.filter((subject) => subject > at).map((subject) => digest(subject)),
      age: undefined,
      lastPulledAt: undefined,
      weights: undefined,
      lockedBy: isLocked ? 'lock' : undefined,
    })),
  )
const named = fc.uniqueArray(fc.nat({ max: count - 1 }), { minLength: 1, maxLength: 3 })

test('what is named goes; nothing tagged or pinned goes along; what stays lacks a part only against an objection', () => {
  fc.assert(
    fc.property(anImages, named, (images, numbers) => {
      const wanted = new Set(numbers.map((at) => digest(at)))
      const { deletions, objections } = planDeletion(images, wanted)
      const goes = new Set(deletions.map(({ image }) => image.digest))
      for (const image of images) {
        if (wanted.has(image.digest)) expect(goes.has(image.digest)).toBe(true)
        else if (image.tags.length > 0 || image.lockedBy !== undefined) {
          expect(goes.has(image.digest)).toBe(false)
        }
      }
      const isTorn = images.some(
        ({ digest: own, children, subjects }) =>
          !goes.has(own) && [...children, ...subjects].some((each) => goes.has(each)),
      )
      const isPinned = deletions.some(({ image }) => image.lockedBy !== undefined)
      expect(objections.length > 0).toBe(isTorn || isPinned)
    }),
    { numRuns: 2000 },
  )
})

test('nothing is left behind that only what goes led to', () => {
  fc.assert(
    fc.property(anImages, named, (images, numbers) => {
      const wanted = new Set(numbers.map((at) => digest(at)))
      const goes = new Set(planDeletion(images, wanted).deletions.map(({ image }) => image.digest))
      const present = new Set(images.map(({ digest: own }) => own))
      for (const image of images) {
        if (goes.has(image.digest) || image.tags.length > 0 || image.lockedBy !== undefined)
          continue
        const holders = [
          ...images
            .filter(({ children }) => children.includes(image.digest))
            .map((each) => each.digest),
          ...image.subjects.filter((subject) => present.has(subject)),
        ]
        if (holders.length > 0) expect(holders.every((each) => goes.has(each))).toBe(false)
      }
    }),
    { numRuns: 2000 },
  )
})

test('in every wave all that leads to an image is gone before it, and each goes once', () => {
  fc.assert(
    fc.property(anImages, (images) => {
      const gone = new Set<string>()
      for (const wave of orderRemovals(images)) {
        for (const { image, after } of wave) {
          const parents = images.filter(({ children }) => children.includes(image.digest))
          for (const parent of parents) expect(after).toContain(parent.digest)
          for (const each of after) expect(gone.has(each)).toBe(true)
        }
        for (const { image } of wave) {
          expect(gone.has(image.digest)).toBe(false)
          gone.add(image.digest)
        }
      }
      expect(gone.size).toBe(images.length)
    }),
    { numRuns: 1000 },
  )
})
