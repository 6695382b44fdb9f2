/**
 * Compares two runs of ASCII digits as numbers of any length, leading zeros aside. An empty run counts as 0. Numbers as
 * long as dates with a time are common in versions, so nothing here goes through a float.
 */
export function compareDigits(a: string, b: string): number {
  const left = withoutLeadingZeros(a)
  const right = withoutLeadingZeros(b)
  if (left.length !== right.length) return left.length - right.length
  return compareText(left, right)
}

/** By code unit, as byte-wise comparison does for ASCII. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function withoutLeadingZeros(digits: string): string {
  let start = 0
  while (start < digits.length && digits.charCodeAt(start) === 0x30) start++
  return start === 0 ? digits : digits.slice(start)
}
