import { parseDigest } from '@berth/oci/digest.ts'
import { parseRepositoryName } from '@berth/oci/reference.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { JobQueue } from '../jobs/queue.ts'
import { findImage } from '../metadata/images.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { ScanOrders, scanPriority } from './orders.ts'

const digestNamed = (letter: string) => parseDigest(`sha256:${letter.repeat(64)}`)
const repository = { id: 1, name: parseRepositoryName('acme/app'), projectId: 1 }
const image = {
  kind: 'manifestPushed',
  repository,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  artifactType: 'application/vnd.oci.image.config.v1+json',
  subject: undefined,
  annotations: undefined,
  size: 7,
  isNew: true,
} as const

for (const { name: engine, available, open } of testDatabases) {
  describe.skipIf(!available)(`orders of scans on ${engine}`, () => {
    let opened: TestDatabase
    let queue: JobQueue
    let orders: ScanOrders
    let now: number

    beforeEach(async () => {
      opened = await open()
      now = Date.parse('2026-11-01T00:00:00Z')
      queue = new JobQueue({ database: opened.database, now: () => now })
      orders = new ScanOrders({ queue, isEnabled: true, now: () => now })
    })

    afterEach(() => opened.close())

    const inOrder = async () => {
      const jobs = await queue.claim({ names: ['scan-image'], limit: 10, leaseMs: 1000 })
      return jobs.map(({ payload }) => (JSON.parse(payload) as { digest: string }).digest)
    }

    test('a push comes before a rescan of everything, and one that waits for it is put forward', async () => {
      const { database } = opened
      const [a, b, c] = [digestNamed('a'), digestNamed('b'), digestNamed('c')]
      await database.transaction(async (tx) => {
        for (const digest of [a, b]) {
          await orders.record(tx, { ...image, digest })
        }
      })
      // They are in the queue already; what is asked for less urgently does not put them back.
      await database.transaction((tx) =>
        orders.orderScan(tx, a, { priority: scanPriority.schedule }),
      )
      expect((await inOrder()).toSorted()).toEqual([a, b])

      await database.transaction(async (tx) => {
        for (const digest of [a, b, c]) {
          await orders.orderScan(tx, digest, { priority: scanPriority.schedule })
        }
      })
      await database.transaction((tx) => orders.record(tx, { ...image, digest: c }))
      expect((await inOrder())[0]).toBe(c)
    })

    test('the same image twice waits once, and another may be asked for while it runs', async () => {
      const { database } = opened
      const digest = digestNamed('a')
      const push = () => database.transaction((tx) => orders.record(tx, { ...image, digest }))
      await push()
      await push()
      expect(await inOrder()).toEqual([digest])
      await push()
      expect(await inOrder()).toEqual([digest])
      expect(await findImage(database.read, digest)).toMatchObject({ state: 'waiting' })
    })

    test('charts, signatures and what is about another manifest are not scanned', async () => {
      const { database } = opened
      const digest = digestNamed('a')
      await database.transaction(async (tx) => {
        const chart = 'application/vnd.cncf.helm.config.v1+json'
        await orders.record(tx, { ...image, digest, artifactType: chart })
        await orders.record(tx, { ...image, digest, subject: digestNamed('b') })
        await orders.record(tx, { ...image, digest, artifactType: undefined })
      })
      expect(await inOrder()).toEqual([])
      expect(await findImage(database.read, digest)).toBeUndefined()
    })

    test('what a dead worker held is scanned by another when its lease is over', async () => {
      const { database } = opened
      const digest = digestNamed('a')
      await database.transaction((tx) => orders.record(tx, { ...image, digest }))
      expect(await inOrder()).toEqual([digest])
      expect(await inOrder()).toEqual([])
      now += 2000
      expect(await inOrder()).toEqual([digest])
    })
  })
}
