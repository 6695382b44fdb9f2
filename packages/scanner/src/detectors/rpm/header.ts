import { Unreadable } from '../../detector.ts'

/** Tags of https://github.com/rpm-software-management/rpm/blob/master/docs/manual/tags.md that the catalogue reads. */
export const RpmTag = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  vendor: 1011,
  license: 1014,
  architecture: 1022,
  oldFileNames: 1027,
  sourceRpm: 1044,
  dirIndexes: 1116,
  baseNames: 1117,
  dirNames: 1118,
  modularityLabel: 5096,
} as const

/** rpm itself refuses more entries and more bytes than these. */
const maxEntries = 0xffff
const maxStoreBytes = 0x0fffffff

/** Strings of one tag; the largest packages have some 100,000 files. */
const maxStrings = 1_000_000

const Type = { int32: 4, string: 6, stringArray: 8, i18nString: 9 } as const

/** One package's header as the databases hold it. The readers throw `Unreadable` where an entry points outside. */
export type RpmHeader = {
  /** The first string of a tag; undefined where the tag is absent or of another type. */
  string(tag: number): string | undefined
  strings(tag: number): readonly string[]
  /** INT32 values, unsigned. */
  numbers(tag: number): readonly number[]
}

/**
 * Reads a header blob: the number of entries, the bytes of the store, the entries of 16 bytes, the store; all big
 * endian, without the magic that package files carry
 * (https://github.com/rpm-software-management/rpm/blob/master/docs/manual/format_header.md). Throws `Unreadable`.
 */
export function readRpmHeader(blob: Buffer): RpmHeader {
  if (blob.length < 8) throw new Unreadable(`a package header has only ${blob.length} bytes`)
  const entryCount = blob.readUInt32BE(0)
  const storeBytes = blob.readUInt32BE(4)
  if (entryCount === 0 || entryCount > maxEntries || storeBytes > maxStoreBytes) {
    throw new Unreadable(
      `a package header claims ${entryCount} entries and ${storeBytes} bytes, which rpm does not allow`,
    )
  }
  const storeStart = 8 + entryCount * 16
  if (storeStart + storeBytes > blob.length) {
    throw new Unreadable(
      `a package header claims ${storeStart + storeBytes} bytes, but has ${blob.length}`,
    )
  }
  const store = blob.subarray(storeStart, storeStart + storeBytes)
  const entries = new Map<number, Entry>()
  for (let at = 8; at < storeStart; at += 16) {
    const tag = blob.readUInt32BE(at)
    if (entries.has(tag)) continue
    entries.set(tag, {
      tag,
      type: blob.readUInt32BE(at + 4),
      offset: blob.readUInt32BE(at + 8),
      count: blob.readUInt32BE(at + 12),
    })
  }
  const stringsOf = (tag: number, most: number): string[] => {
    const entry = entries.get(tag)
    return entry === undefined ? [] : readStrings(store, entry, most)
  }
  return {
    string: (tag) => stringsOf(tag, 1)[0],
    strings: (tag) => stringsOf(tag, Number.POSITIVE_INFINITY),
    numbers: (tag) => {
      const entry = entries.get(tag)
      return entry === undefined ? [] : readNumbers(store, entry)
    },
  }
}

type Entry = {
  readonly tag: number
  readonly type: number
  readonly offset: number
  readonly count: number
}

function readStrings(store: Buffer, entry: Entry, most: number): string[] {
  if (
    entry.type !== Type.string &&
    entry.type !== Type.stringArray &&
    entry.type !== Type.i18nString
  ) {
    return []
  }
  const count = entry.type === Type.string ? 1 : entry.count
  // Each string has at least its closing zero byte.
  if (entry.offset + count > store.length) throw outside(entry)
  if (Math.min(count, most) > maxStrings) {
    throw new Unreadable(`tag ${entry.tag} of a package header has ${count} strings`)
  }
  const strings: string[] = []
  let at = entry.offset
  for (let index = 0; index < Math.min(count, most); index++) {
    const end = store.indexOf(0, at)
    if (end === -1) throw outside(entry)
    strings.push(store.toString('utf8', at, end))
    at = end + 1
  }
  return strings
}

function readNumbers(store: Buffer, entry: Entry): number[] {
  if (entry.type !== Type.int32) return []
  if (entry.offset + entry.count * 4 > store.length) throw outside(entry)
  return Array.from({ length: entry.count }, (_, index) =>
    store.readUInt32BE(entry.offset + index * 4),
  )
}

function outside(entry: Entry): Unreadable {
  return new Unreadable(`tag ${entry.tag} of a package header points outside of the header`)
}
