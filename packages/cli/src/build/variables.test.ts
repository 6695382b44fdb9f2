import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fillIn } from './variables.ts'

const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,10}$/)

test('a text without dollar signs stays', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const plain = text.replaceAll('$', '')
      expect(fillIn(plain, {})).toEqual({ text: plain, faults: [] })
    }),
  )
})

test('what is doubled comes out as it was, whatever it holds', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(fillIn(text.replaceAll('$', '$$$$'), {})).toEqual({ text, faults: [] })
    }),
  )
})

test('a variable gives its value, which is not looked into again', () => {
  fc.assert(
    fc.property(name, fc.string(), fc.string(), (variable, value, around) => {
      const rest = around.replaceAll(/[$]/g, '')
      const filled = fillIn(`${rest}\${${variable}}${rest}`, { [variable]: value })
      expect(filled).toEqual({ text: `${rest}${value}${rest}`, faults: [] })
    }),
  )
})

test('an empty variable counts as unset for the forms with a colon alone', () => {
  expect(fillIn('${A}|${A:-b}', { A: '' })).toEqual({ text: '|b', faults: [] })
  expect(fillIn('${A:?why}', { A: '' }).faults).toEqual([
    { at: 0, message: 'the variable A is not set: why' },
  ])
})

test('names that every object has are no variables', () => {
  expect(fillIn('${constructor}', {}).faults).toHaveLength(1)
})

test.each(['${', '${}', '${1}', '${A:=b}', '${A', 'x${A-b}'])('%s is a fault', (text) => {
  expect(fillIn(text, { A: 'a' }).faults).toHaveLength(1)
})
