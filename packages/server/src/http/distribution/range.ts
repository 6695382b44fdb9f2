/** Bytes `start` to `end` of some content, both inclusive. */
export type ByteRange = { readonly start: number; readonly end: number }

/** More than this many ranges in one request are ignored: each costs reads, and no client asks for so many. */
const rangesMax = 16
const specifier = /^(\d{0,15})-(\d{0,15})$/

/**
 * Reads a `Range` header (RFC 9110, section 14.2) for content of `size` bytes. Ends past the content are clamped.
 * `undefined`: no usable header, so the whole content is the answer. `unsatisfiable`: a 416 is.
 * Several ranges stay several, in the order asked; a list that would send more than the content is ignored.
 *
 * A first byte behind the last one (`500-0`) makes a range invalid by the RFC, which allows to ignore it; the OCI suite
 * wants a 416 there, as for a range past the end.
 */
export function parseRange(
  header: string | undefined,
  size: number,
): ByteRange[] | 'unsatisfiable' | undefined {
  if (header === undefined) return undefined
  const equals = header.indexOf('=')
  if (equals === -1 || header.slice(0, equals).trim().toLowerCase() !== 'bytes') return undefined
  const items = header.slice(equals + 1).split(',', rangesMax + 1)
  if (items.length > rangesMax) return undefined
  const ranges: ByteRange[] = []
  let total = 0
  for (const item of items) {
    const match = specifier.exec(item.trim())
    if (match === null) return undefined
    const [, first = '', last = ''] = match
    if (first === '' && last === '') return undefined
    const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
    const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
    if (start > end) continue
    ranges.push({ start, end })
    total += end - start + 1
  }
  if (ranges.length === 0) return 'unsatisfiable'
  if (ranges.length > 1 && total > size) return undefined
  return ranges
}
