import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { makeDigest } from '@berth/oci/digest.ts'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { TestRegistry, bodyOf, digestOf, name, writer } from '../testing/open-test-registry.ts'

describe.each(testDatabases)('uploads on $name', ({ available, open }) => {
  describe.skipIf(!available)('uploads', () => {
    let test: TestDatabase
    let berth: TestRegistry
    const target = { repository: name('team/app'), permit: writer }

    beforeAll(async () => {
      test = await open()
      berth = new TestRegistry(test.database)
    })
    afterAll(async () => {
      await berth.close()
      await test.close()
    })

    const uploads = () => berth.registry.uploads
    const start = async () => (await uploads().startUpload(target)).id
    const append = (id: string, text: string, body: Parameters<typeof bodyOf>[1] = {}) =>
      uploads().appendUpload({ ...target, id, body: bodyOf(Buffer.from(text), body) })
    const commit = (id: string, content: string) =>
      uploads().commitUpload({ ...target, id, digest: digestOf(content) })

    it('takes a blob in pieces and serves it whole', async () => {
      const id = await start()
      expect(await append(id, 'hello ')).toEqual({ id, offset: 6 })
      expect(await append(id, 'world', { range: { start: 6, end: 10 } })).toEqual({
        id,
        offset: 11,
      })
      await commit(id, 'hello world')
      const blob = await berth.registry.blobs.openBlob(target.repository, digestOf('hello world'))
      expect(blob.bytes?.toString()).toBe('hello world')
      blob.release()
      await expect(uploads().getUpload({ ...target, id })).rejects.toMatchObject({
        kind: 'uploadUnknown',
      })
    })

    it('refuses a piece at the wrong place, and one that came already, and tells the right offset', async () => {
      const id = await start()
      await append(id, 'abc')
      for (const body of [
        { range: { start: 0, end: 2 } },
        { range: { start: 5, end: 7 } },
        { expectedOffset: 0 },
      ]) {
        await expect(append(id, 'abc', body)).rejects.toMatchObject({
          kind: 'uploadRangeInvalid',
          details: [{ offset: 3 }],
        })
      }
      await commit(id, 'abc')
    })

    it('rolls a body back that breaks off, and goes on from there', async () => {
      const id = await start()
      await append(id, 'kept ')
      const broken = new Readable({ read() {} }).on('error', () => undefined)
      broken.push(Buffer.from('half of'))
      const failing = uploads().appendUpload({
        ...target,
        id,
        body: { stream: broken, length: 100, range: undefined, expectedOffset: 5 },
      })
      setImmediate(() => broken.destroy(new Error('reset')))
      await expect(failing).rejects.toMatchObject({ kind: 'uploadInterrupted' })
      expect(await uploads().getUpload({ ...target, id })).toEqual({ id, offset: 5 })
      await append(id, 'whole', { expectedOffset: 5 })
      await commit(id, 'kept whole')
    })

    it('refuses a body that is longer or shorter than announced', async () => {
      const id = await start()
      for (const length of [3, 5]) {
        await expect(append(id, 'four', { length })).rejects.toMatchObject({
          kind: 'sizeMismatch',
        })
      }
      expect(await uploads().getUpload({ ...target, id })).toEqual({ id, offset: 0 })
    })

    it('keeps nothing of a blob whose digest does not match', async () => {
      const id = await start()
      await append(id, 'what was sent')
      await expect(commit(id, 'what was meant')).rejects.toMatchObject({ kind: 'digestMismatch' })
      expect(await berth.hasBlob('team/app', digestOf('what was meant'))).toBe(false)
      await expect(uploads().getUpload({ ...target, id })).rejects.toMatchObject({
        kind: 'uploadUnknown',
      })
    })

    it('proves a digest in another algorithm than it hashed on the way', async () => {
      const id = await start()
      await append(id, 'sixty-four bytes of digest')
      const digest = makeDigest(
        'sha512',
        createHash('sha512').update('sixty-four bytes of digest').digest('hex'),
      )
      expect(await uploads().commitUpload({ ...target, id, digest })).toMatchObject({ digest })
      expect(await berth.hasBlob('team/app', digest)).toBe(true)
    })

    it('does not exist for another user or in another repository', async () => {
      const id = await start()
      const stranger = { ...writer, actor: { ...writer.actor, id: 'user-2' } }
      const elsewhere = name('team/other')
      for (const wrong of [
        { ...target, permit: stranger },
        { ...target, repository: elsewhere },
      ]) {
        await expect(uploads().getUpload({ ...wrong, id })).rejects.toMatchObject({
          kind: 'uploadUnknown',
        })
        await expect(uploads().cancelUpload({ ...wrong, id })).rejects.toMatchObject({
          kind: 'uploadUnknown',
        })
      }
      await uploads().cancelUpload({ ...target, id })
    })

    it('goes on after a restart with what ended requests have stored', async () => {
      const id = await start()
      await append(id, 'before the restart, ')
      await berth.registry.uploads.close()
      const restarted = new TestRegistry(test.database, { storage: berth.storage })
      expect(await restarted.registry.uploads.getUpload({ ...target, id })).toEqual({
        id,
        offset: 20,
      })
      await restarted.registry.uploads.commitUpload({
        ...target,
        id,
        digest: digestOf('before the restart, after it'),
        body: bodyOf(Buffer.from('after it')),
      })
      expect(await restarted.hasBlob('team/app', digestOf('before the restart, after it'))).toBe(
        true,
      )
    })

    it('starts again from nothing when a power cut took bytes that the row speaks of', async () => {
      const id = await start()
      await append(id, 'never synced')
      const row = await test.database.read
        .selectFrom('upload_sessions')
        .select('storage_key')
        .where('id', '=', id)
        .executeTakeFirstOrThrow()
      const restarted = new TestRegistry(test.database)
      expect(await restarted.storedKeys()).not.toContain(row.storage_key)
      await expect(
        restarted.registry.uploads.appendUpload({
          ...target,
          id,
          body: bodyOf(Buffer.from('more'), { range: { start: 12, end: 15 } }),
        }),
      ).rejects.toMatchObject({ kind: 'uploadRangeInvalid', details: [{ offset: 0 }] })
      await restarted.registry.uploads.commitUpload({
        ...target,
        id,
        digest: digestOf('all of it again'),
        body: bodyOf(Buffer.from('all of it again'), { range: { start: 0, end: 14 } }),
      })
    })

    it('limits the sessions that one user has open', async () => {
      const strict = new TestRegistry(test.database, {
        registry: { uploads: { idleHours: 1, maxPerActor: 2 } },
      })
      const permit = { ...writer, actor: { ...writer.actor, id: 'user-busy' } }
      const mine = { ...target, permit }
      const first = await strict.registry.uploads.startUpload(mine)
      await strict.registry.uploads.startUpload(mine)
      await expect(strict.registry.uploads.startUpload(mine)).rejects.toMatchObject({
        kind: 'uploadsTooMany',
      })
      await strict.registry.uploads.cancelUpload({ ...mine, id: first.id })
      await strict.registry.uploads.startUpload(mine)
    })

    it('many clients may upload the same blob at once: all succeed and one copy stays', async () => {
      const content = 'everybody has this layer'
      await Promise.all(Array.from({ length: 8 }, () => berth.pushBlob('team/app', content)))
      const stored = await test.database.read
        .selectFrom('blobs')
        .select('storage_key')
        .where('digest', '=', digestOf(content))
        .execute()
      expect(stored).toHaveLength(1)
      berth.pass(24 * 3600)
      await berth.collect()
    })

    it('any mix of pieces, breaks, replays and take-overs commits exactly the pieces that were acknowledged', async () => {
      const piece = fc.record({
        text: fc.string({ minLength: 0, maxLength: 40 }),
        act: fc.constantFrom('append', 'ranged', 'break', 'replay', 'together'),
      })
      await fc.assert(
        fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
          const id = await start()
          let content = Buffer.alloc(0)
          for (const { text, act } of pieces) {
            const bytes = Buffer.from(text)
            const offset = content.length
            if (act === 'append' || act === 'ranged') {
              const range =
                act === 'ranged' && bytes.length > 0
                  ? { start: offset, end: offset + bytes.length - 1 }
                  : undefined
              await append(id, text, { range, expectedOffset: offset })
              content = Buffer.concat([content, bytes])
            } else if (act === 'break') {
              await expect(append(id, text, { length: bytes.length + 1 })).rejects.toMatchObject({
                kind: 'sizeMismatch',
              })
            } else if (act === 'replay' && bytes.length > 0) {
              await expect(append(id, text, { expectedOffset: offset + 1 })).rejects.toMatchObject({
                kind: 'uploadRangeInvalid',
              })
            } else if (act === 'together') {
              const both = await Promise.allSettled([
                append(id, text, { expectedOffset: offset }),
                append(id, text, { expectedOffset: offset }),
              ])
              const { offset: now } = await uploads().getUpload({ ...target, id })
              const accepted = both.filter((outcome) => outcome.status === 'fulfilled').length
              if (bytes.length > 0) expect(accepted).toBe((now - offset) / bytes.length)
              content = Buffer.concat([content, ...Array.from({ length: accepted }, () => bytes)])
            }
          }
          const { size } = await uploads().commitUpload({
            ...target,
            id,
            digest: digestOf(content),
          })
          expect(size).toBe(content.length)
        }),
        { numRuns: 60 },
      )
    })
  })
})
