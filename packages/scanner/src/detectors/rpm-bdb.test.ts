import { getPackages } from '@snyk/rpm-parser'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rpmBdb } from './rpm-bdb.ts'
import { rpmHeaders } from './rpm/testing/sample.ts'
import { writeBdb } from './rpm/testing/write-bdb.ts'
import { answersOrRefuses, mutationsOf } from './testing/mutations.ts'
import { detectBytes } from './testing/scanned-file.ts'

const path = 'var/lib/rpm/Packages'
const pageSize = 4096
/** The last of these headers, and only it, lies in overflow pages that begin right after its hash page. */
const headers = [...rpmHeaders(2), ...rpmHeaders(30).slice(29)]
const chainLength = 5 * pageSize - 9
const overflow = 5 * pageSize

function databaseWith(change: (database: Buffer) => void): Buffer {
  const database = writeBdb(headers)
  change(database)
  return database
}

describe('the Berkeley DB of rpm', () => {
  it.each(['little', 'big'] as const)('of %s endian machines lists its packages', async (order) => {
    const { packages, notCovered } = await detectBytes(
      rpmBdb,
      path,
      writeBdb(rpmHeaders(40), order),
    )
    expect(packages?.map(({ name }) => name)).toEqual(
      Array.from({ length: 40 }, (_, index) => `package${index}`),
    )
    expect(notCovered).toBeUndefined()
  })

  it('lists the packages that another reader finds in overflow pages', async () => {
    const database = writeBdb(rpmHeaders(40).slice(25))
    const { packages } = await detectBytes(rpmBdb, path, database)
    const other = await getPackages(database)
    expect(other.response).toHaveLength(15)
    expect(packages?.map(({ name, version }) => `${name} ${version}`)).toEqual(
      other.response.map(({ name, version, release }) => `${name} ${version}-${release}`),
    )
  })

  it.each([
    [
      'another format',
      (bytes: Buffer) => bytes.writeUInt32LE(0x053162, 12),
      /not a Berkeley DB hash/,
    ],
    ['pages of no size', (bytes: Buffer) => bytes.writeUInt32LE(0, 20), /pages of 0 bytes/],
    [
      'pages of an odd size',
      (bytes: Buffer) => bytes.writeUInt32LE(5000, 20),
      /pages of 5000 bytes/,
    ],
    ['encryption', (bytes: Buffer) => bytes.writeUInt8(1, 24), /encrypted/],
    [
      'more items than a page holds',
      (bytes: Buffer) => bytes.writeUInt16LE(60_000, 2 * pageSize + 20),
      /60000 items/,
    ],
    [
      'an item outside of its page',
      (bytes: Buffer) => bytes.writeUInt16LE(9_000, 2 * pageSize + 26),
      /points outside/,
    ],
    [
      'a header that the file cannot hold',
      (bytes: Buffer) => bytes.writeUInt32LE(0x7fffffff, chainLength),
      /claims 2147483647 bytes/,
    ],
    [
      'a chain that goes in a circle',
      (bytes: Buffer) => bytes.writeUInt32LE(5, overflow + 16),
      /chain of a package header is broken/,
    ],
    [
      'a chain without bytes',
      (bytes: Buffer) => bytes.writeUInt16LE(0, overflow + 22),
      /broken at page 5/,
    ],
    [
      'a chain that leaves the file',
      (bytes: Buffer) => bytes.writeUInt32LE(9_999, overflow + 16),
      /overflow page 9999/,
    ],
    [
      'a chain of other pages',
      (bytes: Buffer) => bytes.writeUInt32LE(2, overflow + 16),
      /broken at page 2/,
    ],
  ])('with %s is refused or says so', async (_, change, message) => {
    const detected = await detectBytes(rpmBdb, path, databaseWith(change)).catch(
      (error: unknown) => ({ notCovered: String(error) }),
    )
    expect(detected.notCovered).toMatch(message)
  })

  it('that is broken in any way is read or refused', async () => {
    await fc.assert(
      fc.asyncProperty(mutationsOf(writeBdb(headers)), (bytes) =>
        answersOrRefuses(() => detectBytes(rpmBdb, path, bytes)),
      ),
      { numRuns: 500 },
    )
  })
})
