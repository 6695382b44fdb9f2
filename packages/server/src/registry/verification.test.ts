import { mkdtemp, readFile, rm, truncate, unlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openFilesystem } from '../storage/filesystem.ts'
import { newStorageKey } from '../storage/storage-key.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { TestRegistry, digestOf, name } from '../testing/open-test-registry.ts'

describe.each(testDatabases)('verification on $name', ({ available, open }) => {
  describe.skipIf(!available)('of files', () => {
    let test: TestDatabase
    let berth: TestRegistry
    let directory: string

    beforeEach(async () => {
      test = await open()
      directory = await mkdtemp(join(tmpdir(), 'berth-blobs-'))
      berth = new TestRegistry(test.database, {
        storage: await openFilesystem({ directory, openFiles: 16 }),
      })
    })
    afterEach(async () => {
      await berth.close()
      await test.close()
      await rm(directory, { recursive: true, force: true })
    })

    const fileOf = async (content: string) => {
      const row = await test.database.read
        .selectFrom('blobs')
        .select('storage_key')
        .where('digest', '=', digestOf(content))
        .executeTakeFirstOrThrow()
      return join(directory, row.storage_key)
    }
    const verify = () => {
      berth.pass(60)
      return berth.registry.verification.run({
        before: new Date('2027-01-01'),
        bytesPerSecond: 1e9,
      })
    }

    it('finds all well where all is well', async () => {
      await berth.pushImage('team/app', 'latest', ['one', 'two'])
      expect(await verify()).toMatchObject({ blobs: 3, manifests: 1, damaged: 0 })
      expect(await berth.registry.verification.damaged()).toEqual([])
    })

    const damages: [string, (file: string) => Promise<void>][] = [
      [
        'a flipped byte',
        async (file) => {
          const bytes = await readFile(file)
          bytes[0] = (bytes[0] ?? 0) ^ 1
          await writeFile(file, bytes)
        },
      ],
      ['a file cut short', (file) => truncate(file, 3)],
      ['a missing file', (file) => unlink(file)],
    ]
    it.each(damages)('finds %s, does not serve it, and a new push heals it', async (_, spoil) => {
      const content = 'some content worth keeping'
      await berth.pushImage('team/app', 'latest', [content])
      await spoil(await fileOf(content))
      expect(await verify()).toMatchObject({ damaged: 1 })
      expect(await berth.registry.verification.damaged()).toMatchObject([
        { kind: 'blob', digest: digestOf(content), repository: 'team/app' },
      ])
      const read = () => berth.registry.blobs.openBlob(name('team/app'), digestOf(content))
      await expect(read()).rejects.toMatchObject({ kind: 'blobUnknown' })
      expect(await berth.hasBlob('team/app', digestOf(content))).toBe(false)

      await berth.pushBlob('team/app', content)
      const blob = await read()
      expect(blob.bytes?.toString()).toBe(content)
      blob.release()
      expect(await berth.registry.verification.damaged()).toEqual([])
    })

    it('notices damage at a pull that comes before verification', async () => {
      const content = 'pulled first'
      await berth.pushImage('team/app', 'latest', [content])
      await writeFile(await fileOf(content), 'pulled FIRST')
      await expect(
        berth.registry.blobs.openBlob(name('team/app'), digestOf(content)),
      ).rejects.toMatchObject({ kind: 'blobUnknown' })
      expect(await berth.registry.verification.damaged()).toHaveLength(1)
    })

    it('finds a manifest that changed in the database, and clears it when it is right again', async () => {
      const digest = await berth.pushImage('team/app', 'latest', ['layer'])
      const { payload } = await berth.pull('team/app', digest)
      const good = Buffer.from(payload)
      const set = (bytes: Buffer) =>
        test.database.transaction((tx) =>
          tx
            .updateTable('manifests')
            .set({ payload: bytes })
            .where('digest', '=', digest)
            .execute(),
        )
      await set(Buffer.from('{"schemaVersion":2}'))
      expect(await verify()).toMatchObject({ damaged: 1 })
      await expect(berth.pull('team/app', 'latest')).rejects.toMatchObject({
        kind: 'manifestUnknown',
      })
      await set(good)
      expect(await verify()).toMatchObject({ damaged: 0 })
      expect((await berth.pull('team/app', 'latest')).digest).toBe(digest)
    })

    it('the sweep removes old objects that no row names, and nothing else', async () => {
      await berth.pushImage('team/app', 'latest', ['kept'])
      const [stray, young] = [newStorageKey(), newStorageKey()]
      await writeFile(join(directory, stray), 'left by a power cut')
      await writeFile(join(directory, young), 'perhaps a request under way')
      const longAgo = new Date('2025-01-01')
      for (const key of await berth.storedKeys()) {
        if (key !== young) await utimes(join(directory, key), longAgo, longAgo)
      }
      expect(await berth.registry.sweep.run({ restFactor: 0, dryRun: true })).toMatchObject({
        seen: 4,
        unknown: 1,
      })
      expect(await berth.registry.sweep.run({ restFactor: 0 })).toMatchObject({ unknown: 1 })
      berth.pass(24 * 3600)
      expect(await berth.collect()).toMatchObject({ objectsRemoved: 1 })
      const left = await berth.storedKeys()
      expect(left).not.toContain(stray)
      expect(left).toContain(young)
      expect(await verify()).toMatchObject({ damaged: 0 })
    })
  })
})
