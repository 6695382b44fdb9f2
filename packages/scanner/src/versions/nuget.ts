import { compareText } from './digits.ts'
import type { Scheme } from './scheme.ts'

type NugetVersion = { readonly numbers: readonly number[]; readonly labels: readonly string[] }

const shape =
  /^(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/
const largest = 2 ** 31 - 1

/** https://learn.microsoft.com/nuget/concepts/package-versioning: one to four numbers, labels without regard to case. */
export const nuget: Scheme<NugetVersion> = {
  read(text) {
    const match = shape.exec(text.trim())
    if (match === null) return undefined
    const numbers = match.slice(1, 5).map((part) => Number(part ?? 0))
    if (numbers.some((part) => part > largest)) return undefined
    return { numbers, labels: match[5]?.toUpperCase().split('.') ?? [] }
  },
  compare(a, b) {
    for (const [index, number] of a.numbers.entries()) {
      const difference = number - (b.numbers[index] ?? 0)
      if (difference !== 0) return difference
    }
    if (a.labels.length === 0 || b.labels.length === 0) {
      return Number(a.labels.length === 0) - Number(b.labels.length === 0)
    }
    for (let index = 0; index < Math.min(a.labels.length, b.labels.length); index++) {
      const difference = compareLabels(a.labels[index] ?? '', b.labels[index] ?? '')
      if (difference !== 0) return difference
    }
    return a.labels.length - b.labels.length
  },
}

function compareLabels(a: string, b: string): number {
  const left = toInt32(a)
  const right = toInt32(b)
  if (left !== undefined && right !== undefined) return left - right
  if (left !== undefined) return -1
  if (right !== undefined) return 1
  return compareText(a, b)
}

/** NuGet takes a label for a number only when it fits into 32 bits, so a label that is a date with a time is text. */
function toInt32(label: string): number | undefined {
  if (!/^-?\d+$/.test(label)) return undefined
  const value = Number(label)
  return value <= largest && value >= -largest - 1 ? value : undefined
}
