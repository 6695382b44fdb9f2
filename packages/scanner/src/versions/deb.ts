import type { Scheme } from './scheme.ts'

type DebVersion = { readonly epoch: number; readonly upstream: string; readonly revision: string }

const largestEpoch = 2 ** 31 - 1

/** https://www.debian.org/doc/debian-policy/ch-controlfields.html#version, as strict as dpkg when it compares. */
export const deb: Scheme<DebVersion> = {
  read(text) {
    const trimmed = text.trim()
    if (!/^[!-~]+$/.test(trimmed)) return undefined
    const colon = trimmed.indexOf(':')
    const epochText = colon === -1 ? '0' : trimmed.slice(0, colon)
    // dpkg reads it with strtol, which takes a sign.
    if (!/^[+-]?\d+$/.test(epochText)) return undefined
    const epoch = Number(epochText)
    if (epoch < 0 || epoch > largestEpoch) return undefined
    const rest = trimmed.slice(colon + 1)
    const dash = rest.lastIndexOf('-')
    const upstream = dash === -1 ? rest : rest.slice(0, dash)
    const revision = dash === -1 ? '' : rest.slice(dash + 1)
    if (upstream === '' || (dash !== -1 && revision === '')) return undefined
    return { epoch, upstream, revision }
  },
  compare(a, b) {
    if (a.epoch !== b.epoch) return a.epoch - b.epoch
    return comparePart(a.upstream, b.upstream) || comparePart(a.revision, b.revision)
  },
}

/** Runs of non-digits and runs of digits in turn; the end of the text counts as a non-digit below letters. */
function comparePart(a: string, b: string): number {
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    while ((i < a.length && !isDigit(a, i)) || (j < b.length && !isDigit(b, j))) {
      const difference = weight(a, i) - weight(b, j)
      if (difference !== 0) return difference
      i++
      j++
    }
    while (a.charCodeAt(i) === 0x30) i++
    while (b.charCodeAt(j) === 0x30) j++
    let firstDifference = 0
    while (isDigit(a, i) && isDigit(b, j)) {
      firstDifference ||= a.charCodeAt(i) - b.charCodeAt(j)
      i++
      j++
    }
    if (isDigit(a, i)) return 1
    if (isDigit(b, j)) return -1
    if (firstDifference !== 0) return firstDifference
  }
  return 0
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code >= 0x30 && code <= 0x39
}

/** `~` before the end, the end before letters, letters before everything else. */
function weight(text: string, at: number): number {
  if (at >= text.length || isDigit(text, at)) return 0
  const code = text.charCodeAt(at)
  if (code === 0x7e) return -1
  const isLetter = (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)
  return isLetter ? code : code + 256
}
