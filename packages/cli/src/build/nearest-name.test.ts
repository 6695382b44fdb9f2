import fc from 'fast-check'
import { expect, test } from 'vitest'
import { editDistance, nearestName } from './nearest-name.ts'

const word = fc.string({ maxLength: 12 })

test('the distance is that of a metric, and 0 for the same word only', () => {
  fc.assert(
    fc.property(word, word, (a, b) => {
      expect(editDistance(a, b)).toBe(editDistance(b, a))
      expect(editDistance(a, b) === 0).toBe(a === b)
      expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length))
    }),
  )
})

test('one slip is one: put in, taken out, changed, swapped', () => {
  for (const slip of ['contxt', 'conteext', 'contaxt', 'cnotext']) {
    expect(editDistance(slip, 'context')).toBe(1)
    expect(nearestName(slip, ['target', 'context', 'tags'])).toBe('context')
  }
})

test('a word that is like none gets no suggestion', () => {
  expect(nearestName('volumes', ['context', 'tags', 'args'])).toBeUndefined()
})
