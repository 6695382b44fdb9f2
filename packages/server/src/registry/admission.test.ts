import { parseReference } from '@berth/oci/reference.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { BerthError } from '../errors.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { TestRegistry, bodyOf, digestOf, name, writer } from '../testing/open-test-registry.ts'
import type { Permit, RegistryEvent } from './admission.ts'
import { unrestricted } from './unrestricted.ts'

describe.each(testDatabases)('admission on $name', ({ available, open }) => {
  describe.skipIf(!available)('of writes', () => {
    let test: TestDatabase
    let berth: TestRegistry
    let events: { actor: string; event: RegistryEvent }[] = []
    let number = 0
    let repo = ''

    beforeAll(async () => {
      test = await open()
      berth = new TestRegistry(test.database, {
        admission: {
          ...unrestricted,
          record: (_, { actor }, event) => {
            events.push({ actor: actor.id, event })
            return Promise.resolve()
          },
        },
      })
    })
    afterAll(async () => {
      await berth.close()
      await test.close()
    })
    beforeEach(() => {
      number += 1
      repo = `team/app-${number}`
      events = []
    })

    /** Someone who may do all but this, and what they were asked for. */
    const without = (...missing: string[]) => {
      const asked: string[] = []
      const permit: Permit = {
        ...writer,
        require: (_, action, repository) => {
          asked.push(`${action} ${repository}`)
          return missing.includes(action)
            ? Promise.reject(new BerthError('denied', 'Taken away meanwhile.'))
            : Promise.resolve()
        },
      }
      return { permit, asked }
    }
    const kinds = () => events.map(({ event }) => event.kind)
    const denied = { kind: 'denied' }
    const manifest = (layer: string) =>
      Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          config: {
            mediaType: 'application/vnd.oci.image.config.v1+json',
            digest: digestOf('{}'),
            size: 2,
          },
          layers: [],
          annotations: { layer },
        }),
      )
    const put = (permit: Permit, tag: string, layer: string) =>
      berth.registry.manifests.putManifest({
        repository: name(repo),
        permit,
        reference: parseReference(tag),
        tags: [],
        contentType: undefined,
        payload: manifest(layer),
      })
    const remove = (permit: Permit, reference: string) =>
      berth.registry.manifests.deleteManifest(name(repo), parseReference(reference), permit)

    it('a blob comes in only while the caller may push', async () => {
      const body = () => bodyOf(Buffer.from('late'))
      const target = { repository: name(repo), digest: digestOf('late') }
      const { permit } = without('push')
      const upload = { ...target, body: body(), permit }
      await expect(berth.registry.uploads.putBlob(upload)).rejects.toMatchObject(denied)
      const { id } = await berth.registry.uploads.startUpload({ ...target, permit })
      await expect(
        berth.registry.uploads.commitUpload({ ...target, permit, id, body: body() }),
      ).rejects.toMatchObject(denied)
      expect(await berth.hasBlob(repo, target.digest)).toBe(false)
      expect(events).toEqual([])
    })

    it('a mount needs the right to push here and to pull there', async () => {
      const source = `${repo}/source`
      const digest = await berth.pushBlob(source, 'to mount')
      events = []
      const mount = (permit: Permit) =>
        berth.registry.blobs.mountBlob({
          repository: name(repo),
          permit,
          digest,
          from: name(source),
          mayPull: () => Promise.resolve(true),
        })
      await expect(mount(without('push').permit)).rejects.toMatchObject(denied)
      expect(await mount(without('pull').permit)).toBe(false)
      expect(await berth.hasBlob(repo, digest)).toBe(false)
      const { permit, asked } = without()
      expect(await mount(permit)).toBe(true)
      expect(asked).toEqual([`push ${repo}`, `pull ${source}`])
      expect(kinds()).toEqual(['repositoryCreated', 'blobLinked'])
      expect(await mount(permit)).toBe(true)
      expect(kinds()).toHaveLength(2)
    })

    it('creating a tag, moving it and deleting it are three rights', async () => {
      await berth.pushBlob(repo, '{}')
      await expect(put(without('createTag').permit, 'v1', 'one')).rejects.toMatchObject(denied)
      const first = without('moveTag', 'deleteTag', 'delete')
      const { digest } = await put(first.permit, 'v1', 'one')
      expect(first.asked).toEqual([`push ${repo}`, `createTag ${repo}`])
      const again = without('createTag', 'moveTag')
      await put(again.permit, 'v1', 'one')
      expect(again.asked).toEqual([`push ${repo}`])
      await expect(put(without('moveTag').permit, 'v1', 'two')).rejects.toMatchObject(denied)
      await put(without('createTag').permit, 'v1', 'two')

      await expect(remove(without('deleteTag').permit, 'v1')).rejects.toMatchObject(denied)
      await remove(without('delete').permit, 'v1')
      const { permit } = without('deleteTag')
      await remove(permit, digest)
      await put(writer, 'v1', 'two')
      const tagged = (await berth.pull(repo, 'v1')).digest
      await expect(remove(permit, tagged)).rejects.toMatchObject(denied)
      await expect(remove(without('delete').permit, tagged)).rejects.toMatchObject(denied)
      expect((await berth.pull(repo, 'v1')).digest).toBe(tagged)
    })

    it('a blob is deleted only while the caller may', async () => {
      const digest = await berth.pushBlob(repo, 'stays')
      await expect(
        berth.registry.blobs.deleteBlob(name(repo), digest, without('delete').permit),
      ).rejects.toMatchObject(denied)
      expect(await berth.hasBlob(repo, digest)).toBe(true)
    })

    it('tells of every change once, and of those of collection by its name', async () => {
      await berth.pushBlob(repo, '{}')
      await berth.pushBlob(repo, '{}')
      expect(kinds()).toEqual(['repositoryCreated', 'blobLinked'])
      const { digest } = await put(writer, 'v1', 'one')
      await put(writer, 'v1', 'one')
      await put(writer, 'v1', 'two')
      expect(events.slice(2).map(({ event }) => event)).toMatchObject([
        { kind: 'manifestPushed', isNew: true, annotations: '{"layer":"one"}', digest },
        { kind: 'tagCreated', tag: 'v1', before: undefined, after: digest },
        { kind: 'manifestPushed', isNew: false },
        { kind: 'manifestPushed', isNew: true },
        { kind: 'tagMoved', tag: 'v1', before: digest },
      ])
      events = []
      const last = (await berth.pull(repo, 'v1')).digest
      await remove(writer, last)
      await remove(writer, digest)
      expect(events.map(({ event }) => event)).toMatchObject([
        { kind: 'tagDeleted', tag: 'v1', before: last, after: undefined },
        { kind: 'manifestDeleted', digest: last, tags: ['v1'] },
        { kind: 'manifestDeleted', digest, tags: [] },
      ])
      expect(new Set(events.map(({ actor }) => actor))).toEqual(new Set(['user-1']))
      events = []
      berth.pass(10 * 24 * 3600)
      await berth.collect()
      const ours = events.filter(({ event }) => event.repository.name === repo)
      expect(ours).toMatchObject([
        { actor: 'collection', event: { kind: 'blobUnlinked', digest: digestOf('{}'), size: 2 } },
        { actor: 'collection', event: { kind: 'repositoryRemoved' } },
      ])
    })
  })
})
