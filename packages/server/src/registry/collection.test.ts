import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { openMemory } from '../storage/memory.ts'
import { FaultyStorage } from '../testing/faulty-storage.ts'
import { ensureRepository } from '../metadata/repositories.ts'
import { TestRegistry, bodyOf, digestOf, name, writer } from '../testing/open-test-registry.ts'
import { planCollection } from './collection-plan.ts'

const graceSeconds = 100
const trashDelaySeconds = 50

describe.each(testDatabases)('collection on $name', ({ name: engine, available, open }) => {
  describe.skipIf(!available)('collection', () => {
    let test: TestDatabase
    let berth: TestRegistry
    let repository = 0
    let repo = ''

    beforeAll(async () => {
      test = await open()
    })
    afterAll(() => test.close())
    beforeEach(() => {
      repository += 1
      repo = `team/app-${repository}`
      berth = new TestRegistry(test.database, {
        collection: { graceSeconds, trashDelaySeconds },
      })
    })
    afterEach(async () => {
      // Leave nothing under review, and nothing in the trash, for the next test.
      for (let turn = 0; turn < 3; turn += 1) {
        berth.pass(10 * graceSeconds)
        await berth.collect()
      }
      await berth.close()
    })

    it('keeps what a manifest needs, however long it waits', async () => {
      const image = await berth.pushImage(repo, 'latest', ['keep me'])
      for (let round = 0; round < 3; round += 1) {
        berth.pass(graceSeconds + 1)
        await berth.collect()
      }
      expect((await berth.pull(repo, 'latest')).digest).toBe(image)
      expect(await berth.hasBlob(repo, digestOf('keep me'))).toBe(true)
      expect(await berth.storedKeys()).toHaveLength(2)
    })

    it('removes an uploaded blob that no manifest came for, but not before its time', async () => {
      const digest = await berth.pushBlob(repo, 'never used')
      berth.pass(graceSeconds - 1)
      await berth.collect()
      expect(await berth.hasBlob(repo, digest)).toBe(true)

      berth.pass(2)
      expect(await berth.collect()).toMatchObject({ linksRemoved: 1, blobsRemoved: 1 })
      expect(await berth.hasBlob(repo, digest)).toBe(false)
      // A pull that began before still reads: the object itself waits in the trash.
      expect(await berth.storedKeys()).toHaveLength(1)

      berth.pass(trashDelaySeconds + 1)
      expect(await berth.collect()).toMatchObject({ objectsRemoved: 1, bytesFreed: 10 })
      expect(await berth.storedKeys()).toEqual([])
    })

    it('stores a blob that was removed anew, under another key', async () => {
      await berth.pushBlob(repo, 'comes back')
      const [before] = await berth.storedKeys()
      berth.pass(graceSeconds + 1)
      await berth.collect()
      await berth.pushImage(repo, 'latest', ['comes back'])
      berth.pass(trashDelaySeconds + 1)
      await berth.collect()
      const keys = await berth.storedKeys()
      expect(keys).not.toContain(before)
      const blob = await berth.registry.blobs.openBlob(name(repo), digestOf('comes back'))
      expect(blob.bytes?.toString()).toBe('comes back')
      blob.release()
    })

    it('keeps a blob that another repository mounted', async () => {
      await berth.pushImage(repo, 'latest', ['shared'])
      const other = `${repo}/other`
      const mounted = await berth.registry.blobs.mountBlob({
        repository: name(other),
        permit: writer,
        digest: digestOf('shared'),
        from: name(repo),
        mayPull: () => Promise.resolve(true),
      })
      expect(mounted).toBe(true)
      await berth.pushImage(other, 'latest', ['shared'])
      await berth.remove(repo, (await berth.pull(repo, 'latest')).digest)
      berth.pass(graceSeconds + 1)
      await berth.collect()
      expect(await berth.hasBlob(repo, digestOf('shared'))).toBe(false)
      expect(await berth.hasBlob(other, digestOf('shared'))).toBe(true)
    })

    it('a look by someone who may push puts a near review off', async () => {
      const digest = await berth.pushBlob(repo, 'about to be used')
      berth.pass(graceSeconds - 1)
      await berth.registry.blobs.statBlob(name(repo), digest, { renew: true })
      berth.pass(2)
      await berth.collect()
      expect(await berth.hasBlob(repo, digest)).toBe(true)
    })

    it('removes children of a deleted index that nothing else keeps', async () => {
      const lone = await berth.pushImage(repo, undefined, ['lone'])
      const tagged = await berth.pushImage(repo, 'kept', ['tagged'])
      const entry = (digest: string) => ({
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest,
        size: 1,
      })
      const index = await berth.pushManifest(repo, 'multi', {
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.index.v1+json',
        manifests: [entry(lone), entry(tagged)],
      })
      berth.pass(graceSeconds + 1)
      await berth.collect()
      expect((await berth.pull(repo, lone)).digest).toBe(lone)

      await berth.remove(repo, index)
      berth.pass(graceSeconds + 1)
      await berth.collect()
      await expect(berth.pull(repo, lone)).rejects.toMatchObject({ kind: 'manifestUnknown' })
      expect((await berth.pull(repo, tagged)).digest).toBe(tagged)
    })

    it('keeps a referrer that came before its subject, removes it after the subject went', async () => {
      const subject = await berth.pushImage(repo, 'signed', ['content'])
      const signature = (of: string) => ({
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        config: {
          mediaType: 'application/vnd.example.signature',
          digest: digestOf('{}'),
          size: 2,
        },
        layers: [],
        subject: {
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          digest: of,
          size: 1,
        },
      })
      const early = await berth.pushManifest(repo, undefined, signature(digestOf('not there')))
      const late = await berth.pushManifest(repo, undefined, signature(subject))
      berth.pass(graceSeconds + 1)
      await berth.collect()
      await berth.remove(repo, subject)
      expect((await berth.pull(repo, late)).digest).toBe(late)
      berth.pass(graceSeconds + 1)
      await berth.collect()
      await expect(berth.pull(repo, late)).rejects.toMatchObject({ kind: 'manifestUnknown' })
      expect((await berth.pull(repo, early)).digest).toBe(early)
    })

    it('keeps untagged manifests for pulls by digest, or collects them when told to', async () => {
      const first = await berth.pushImage(repo, 'latest', ['one'])
      await berth.pushImage(repo, 'latest', ['two'])
      berth.pass(graceSeconds + 1)
      await berth.collect()
      expect((await berth.pull(repo, first)).digest).toBe(first)

      const strict = new TestRegistry(test.database, {
        collection: { graceSeconds, trashDelaySeconds, untagged: 'collect' },
      })
      const other = `${repo}/strict`
      const old = await strict.pushImage(other, 'latest', ['one'])
      const pinned = await strict.pushImage(other, undefined, ['pinned'])
      await strict.pushImage(other, 'latest', ['two'])
      strict.pass(graceSeconds + 1)
      await strict.collect()
      await expect(strict.pull(other, old)).rejects.toMatchObject({ kind: 'manifestUnknown' })
      await expect(strict.pull(other, pinned)).rejects.toMatchObject({ kind: 'manifestUnknown' })
      expect((await strict.pull(other, 'latest')).mediaType).toContain('manifest')
      await strict.close()
    })

    it('removes a repository that has become empty', async () => {
      const image = await berth.pushImage(repo, 'only', ['x'])
      await berth.remove(repo, image)
      berth.pass(graceSeconds + 1)
      await berth.collect()
      berth.pass(graceSeconds + 1)
      await berth.collect()
      const { repositories } = await berth.registry.repositories.listRepositories(
        { limit: undefined, after: undefined },
        { projects: 'all', mayPull: () => Promise.resolve(true) },
      )
      expect(repositories).not.toContain(repo)
    })

    it('ends idle upload sessions and removes what they stored', async () => {
      const target = { repository: name(repo), permit: writer }
      const { id } = await berth.registry.uploads.startUpload(target)
      await berth.registry.uploads.appendUpload({
        ...target,
        id,
        body: bodyOf(Buffer.from('half a layer')),
      })
      expect(await berth.storedKeys()).toHaveLength(1)
      berth.pass(25 * 3600)
      expect(await berth.collect()).toMatchObject({ uploadsExpired: 1, objectsRemoved: 1 })
      expect(await berth.storedKeys()).toEqual([])
      await expect(berth.registry.uploads.getUpload({ ...target, id })).rejects.toMatchObject({
        kind: 'uploadUnknown',
      })
    })

    it('an object that cannot be removed holds nothing up, and is tried again', async () => {
      const faulty = new FaultyStorage(openMemory())
      const stubborn = new TestRegistry(test.database, {
        collection: { graceSeconds, trashDelaySeconds },
        storage: faulty,
      })
      await stubborn.pushBlob(repo, 'first')
      await stubborn.pushBlob(repo, 'second')
      stubborn.pass(graceSeconds + 1)
      await stubborn.collect()
      stubborn.pass(trashDelaySeconds + 1)
      faulty.arm({ operation: 'remove', effect: { kind: 'fail', error: 'unavailable' }, times: 1 })
      expect(await stubborn.collect()).toMatchObject({ objectsRemoved: 1, objectsLeft: 1 })
      expect(await stubborn.collect()).toMatchObject({ objectsRemoved: 0, objectsLeft: 0 })
      stubborn.pass(3601)
      expect(await stubborn.collect()).toMatchObject({ objectsRemoved: 1, objectsLeft: 0 })
      expect(await stubborn.storedKeys()).toEqual([])
      await stubborn.close()
    })

    it('explains without changing anything', async () => {
      const digest = await berth.pushBlob(repo, 'explained')
      const plan = await planCollection(test.database, {
        limit: 1000,
        clock: () => new Date('2026-01-01T00:00:00Z'),
      })
      expect(plan.reviews).toContainEqual(
        expect.objectContaining({
          subject: 'link',
          repository: repo,
          digest,
          verdict: 'remove',
          reason: 'no manifest of the repository needs it',
        }),
      )
      expect(await berth.hasBlob(repo, digest)).toBe(true)
    })

    // SQLite has one writer at a time: there a push does not hold rows, it holds the turn.
    it.runIf(engine === 'postgres')('gives way to a push that is under way', async () => {
      const image = await berth.pushImage(repo, 'latest', ['layer'])
      await berth.remove(repo, image)
      berth.pass(graceSeconds + 1)
      await test.database.transaction(async (tx) => {
        await ensureRepository(tx, name(repo), new Date().toISOString(), () => Promise.resolve(1))
        // It neither waits for this transaction nor fails, and does what it can.
        await berth.collect()
        expect(await berth.hasBlob(repo, digestOf('layer'))).toBe(false)
        await expect(berth.pull(repo, image)).rejects.toMatchObject({ kind: 'manifestUnknown' })
      })
      await berth.collect()
      await expect(berth.pull(repo, image)).rejects.toMatchObject({ kind: 'nameUnknown' })
    })

    it('pushes and collection at the same time lose nothing', async () => {
      const eager = new TestRegistry(test.database, {
        collection: { graceSeconds: 0, trashDelaySeconds: 0 },
        storage: berth.storage,
      })
      const pushing = new AbortController()
      let pushMilliseconds = 0
      const collecting = (async () => {
        while (!pushing.signal.aborted) {
          // The clock stands still, so whatever is pushed meanwhile is due at once: a run would not end by itself.
          await eager.collect(AbortSignal.timeout(50))
          // Now and then a push must get through before its blobs are gone, however slow the disk is.
          await wait(Math.random() * Math.max(50, 4 * pushMilliseconds))
        }
      })()
      const pushed: { digest: string; layer: string }[] = []
      await Promise.all(
        Array.from({ length: 4 }, async (_, client) => {
          for (let n = 0; n < 10; n += 1) {
            const layer = `layer ${n % 3}`
            for (;;) {
              const started = performance.now()
              try {
                const digest = await eager.pushImage(repo, `tag-${client}-${n}`, [layer])
                pushed.push({ digest, layer })
                break
              } catch (error) {
                // With no grace at all a blob may go before its manifest comes: then the client pushes again.
                expect(error).toMatchObject({ kind: 'manifestBlobUnknown' })
              } finally {
                pushMilliseconds = performance.now() - started
              }
            }
          }
        }),
      )
      pushing.abort()
      await collecting
      for (const { digest, layer } of pushed) {
        expect((await eager.pull(repo, digest)).digest).toBe(digest)
        const blob = await eager.registry.blobs.openBlob(name(repo), digestOf(layer))
        const bytes = blob.bytes ?? Buffer.alloc(0)
        blob.release()
        expect(bytes.toString()).toBe(layer)
      }
    })
  })
})
