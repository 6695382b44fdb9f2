import { expect, test } from 'vitest'
import { type Column, formatTable } from './table.ts'

const columns: readonly Column[] = [
  { title: 'NAME', shrinks: true },
  { title: 'SIZE', align: 'right', yields: 1 },
  { title: 'RATE', yields: 2 },
  { title: 'STATE' },
]
const rows = [['a-rather-long-name', '12 B', '3 B/s', 'whole']]

test('in a pipe everything is there', () => {
  expect(formatTable(columns, rows)).toBe(
    'NAME                SIZE  RATE   STATE\na-rather-long-name  12 B  3 B/s  whole',
  )
})

test.each([
  [38, 'NAME                SIZE  RATE   STATE\na-rather-long-name  12 B  3 B/s  whole'],
  [37, 'NAME                SIZE  STATE\na-rather-long-name  12 B  whole'],
  [30, 'NAME                STATE\na-rather-long-name  whole'],
  [20, 'NAME           STATE\na-rath…g-name  whole'],
  [5, 'NAME      STATE\na-ra…ame  whole'],
])('in %i columns, columns yield before texts are cut', (width, text) => {
  expect(formatTable(columns, rows, width)).toBe(text)
})
