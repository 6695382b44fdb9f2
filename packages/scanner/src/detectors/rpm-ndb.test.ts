import { getPackagesNdb } from '@snyk/rpm-parser'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Unreadable } from '../detector.ts'
import { rpmNdb } from './rpm-ndb.ts'
import { rpmHeaders } from './rpm/testing/sample.ts'
import { writeNdb } from './rpm/testing/write-ndb.ts'
import { answersOrRefuses, mutationsOf } from './testing/mutations.ts'
import { detectBytes } from './testing/scanned-file.ts'

const path = 'usr/lib/sysimage/rpm/Packages.db'
const firstSlot = 32

function databaseWith(change: (database: Buffer) => void): Buffer {
  const database = writeNdb(rpmHeaders(5))
  change(database)
  return database
}

describe('the NDB database of rpm', () => {
  it('lists the packages that another reader finds', async () => {
    const database = writeNdb(rpmHeaders(40))
    const { packages, notCovered } = await detectBytes(rpmNdb, path, database)
    const other = await getPackagesNdb(database)
    expect(other.response).toHaveLength(40)
    expect(packages?.map(({ name, version }) => `${name} ${version}`)).toEqual(
      other.response.map(({ name, version, release }) => `${name} ${version}-${release}`),
    )
    expect(notCovered).toBeUndefined()
  })

  it('passes over slots of packages that were removed', async () => {
    const database = databaseWith((bytes) => bytes.writeUInt32LE(0, firstSlot + 4))
    const { packages } = await detectBytes(rpmNdb, path, database)
    expect(packages?.map(({ name }) => name)).toEqual([
      'package1',
      'package2',
      'package3',
      'package4',
    ])
  })

  it.each([
    ['another format', (bytes: Buffer) => bytes.writeUInt32LE(7, 0), /does not begin/],
    ['a newer version', (bytes: Buffer) => bytes.writeUInt32LE(9, 4), /version 9/],
    ['billions of pages', (bytes: Buffer) => bytes.writeUInt32LE(0xffffffff, 12), /pages of slots/],
    [
      'pages beyond the file',
      (bytes: Buffer) => bytes.writeUInt32LE(700, 12),
      /a page of slots|slot of/,
    ],
    [
      'a broken slot',
      (bytes: Buffer) => bytes.writeUInt32LE(1, firstSlot),
      /slot of the rpm database/,
    ],
    [
      'a slot beyond the file',
      (bytes: Buffer) => bytes.writeUInt32LE(0xfffffff, firstSlot + 8),
      /but the file has/,
    ],
    [
      'a slot that points elsewhere',
      (bytes: Buffer) => bytes.writeUInt32LE(257, firstSlot + 8),
      /is not where/,
    ],
    [
      'a header longer than the file',
      (bytes: Buffer) => bytes.writeUInt32LE(0x7fffffff, 4096 + 12),
      /but the file has/,
    ],
  ])('with %s is refused or says so', async (_, change, message) => {
    const detected = await detectBytes(rpmNdb, path, databaseWith(change)).catch(
      (error: unknown) => ({ notCovered: String(error) }),
    )
    expect(detected.notCovered).toMatch(message)
  })

  it('that is cut short is refused', async () => {
    const cut = writeNdb(rpmHeaders(1)).subarray(0, 4100)
    await expect(detectBytes(rpmNdb, path, cut)).rejects.toThrow(Unreadable)
  })

  it('that is broken in any way is read or refused', async () => {
    await fc.assert(
      fc.asyncProperty(mutationsOf(writeNdb(rpmHeaders(8))), (bytes) =>
        answersOrRefuses(() => detectBytes(rpmNdb, path, bytes)),
      ),
      { numRuns: 500 },
    )
  })
})
