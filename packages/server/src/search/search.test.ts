import { searchKind } from '@berth/api/search.ts'
import { makeDigest } from '@berth/oci/digest.ts'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { JobQueue } from '../jobs/queue.ts'
import { unrestricted } from '../registry/unrestricted.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { testCaller } from '../testing/open-test-management.ts'
import { TestRegistry, name } from '../testing/open-test-registry.ts'
import { SearchIndex } from './index.ts'
import { LabelIndexing } from './labels.ts'
import { Search, type SearchHit, type SearchKind } from './search.ts'
import { SearchUpkeep } from './upkeep.ts'

const imageManifest = 'application/vnd.oci.image.manifest.v1+json'
const imageConfig = 'application/vnd.oci.image.config.v1+json'
const never = new AbortController().signal

for (const { name: engine, available, open } of testDatabases) {
  describe.skipIf(!available)(`search on ${engine}`, () => {
    let opened: TestDatabase
    let store: TestRegistry
    let index: SearchIndex
    let labels: LabelIndexing
    let upkeep: SearchUpkeep
    let search: Search
    /** Off: as before search was there. */
    let isIndexing: boolean

    beforeEach(async () => {
      opened = await open()
      const { database } = opened
      index = new SearchIndex({ queue: new JobQueue({ database, now: Date.now }) })
      isIndexing = true
      store = new TestRegistry(database, {
        admission: {
          ...unrestricted,
          record: async (tx, _context, event) => {
            if (isIndexing) await index.record(tx, event)
          },
        },
      })
      labels = new LabelIndexing({ database, ...store.registry })
      upkeep = new SearchUpkeep({ database, labels })
      search = new Search({ database })
    })

    afterEach(async () => {
      await store.close()
      await opened.close()
    })

    const find = (text: string, kinds: readonly SearchKind[] = searchKind.options, limit = 50) =>
      search.search(testCaller(), { text, kinds, limit })
    const texts = (hits: SearchHit[]) => hits.map((hit) => hit.text)

    async function pushLabelled(repository: string, values: object, annotations?: object) {
      const config = Buffer.from(JSON.stringify({ config: { Labels: values } }))
      const digest = await store.pushBlob(repository, config)
      return store.pushManifest(repository, undefined, {
        schemaVersion: 2,
        mediaType: imageManifest,
        config: { mediaType: imageConfig, digest, size: config.length },
        layers: [],
        annotations,
      })
    }

    async function doLabelJobs(): Promise<void> {
      const jobs = await opened.database.read
        .selectFrom('jobs')
        .select('payload')
        .where('name', '=', 'index-labels')
        .execute()
      for (const job of jobs) {
        const payload = JSON.parse(job.payload) as { repository: string; digest: string }
        await labels.index(payload.repository, payload.digest)
      }
    }

    test('a repository is found by its beginning and by a part, the exact name first', async () => {
      await store.pushBlob('team/api', 'a')
      await store.pushBlob('team/api-gateway', 'a')
      await store.pushBlob('other/team/api', 'a')
      await store.pushBlob('unlike/this', 'a')
      expect((await find('team/api')).map((hit) => [hit.match, hit.text])).toEqual([
        ['exact', 'team/api'],
        ['prefix', 'team/api-gateway'],
        ['part', 'other/team/api'],
      ])
      expect(texts(await find('GATEWAY'))).toEqual(['team/api-gateway'])
    })

    test('one or two characters find beginnings only', async () => {
      await store.pushBlob('ab/one', 'a')
      await store.pushBlob('one/ab', 'a')
      expect(texts(await find('ab'))).toEqual(['ab/one'])
    })

    test('tags are found wherever they stand, with their manifest', async () => {
      const digest = await store.pushImage('team/app', 'v1.2.3-RC1', ['layer'])
      await store.pushImage('team/web', 'v1.2.3-RC1', ['layer'])
      await store.pushImage('team/web', 'latest', ['layer'])
      expect(await find('v1.2', ['tag'])).toEqual([
        {
          kind: 'tag',
          match: 'prefix',
          text: 'v1.2.3-RC1',
          project: '',
          repository: 'team/app',
          digest,
          package: null,
          vulnerability: null,
          images: null,
        },
        {
          kind: 'tag',
          match: 'prefix',
          text: 'v1.2.3-RC1',
          project: '',
          repository: 'team/web',
          digest,
          package: null,
          vulnerability: null,
          images: null,
        },
      ])
      expect(texts(await find('3-rc', ['tag']))).toHaveLength(2)
    })

    test('what is deleted is no longer found, and its words go when the index is trimmed', async () => {
      const digest = await store.pushImage('team/app', 'release', ['layer'])
      await store.pushImage('team/app', 'other', ['layer two'])
      await store.remove('team/app', 'release')
      expect(await find('release')).toEqual([])
      expect(await upkeep.trim(never)).toEqual({ removed: 1 })
      expect(texts(await find('other'))).toEqual(['other'])
      await store.remove('team/app', digest)
      expect(await find(digest)).toEqual([])
    })

    test('labels and annotations are found by key and by value', async () => {
      await pushLabelled('team/app', { maintainer: 'Ada Lovelace' }, { 'org.example.team': 'blue' })
      expect(texts(await find('lovelace'))).toEqual([])
      await doLabelJobs()
      expect(texts(await find('lovelace'))).toEqual(['maintainer=Ada Lovelace'])
      expect(texts(await find('maintainer=ada'))).toEqual(['maintainer=Ada Lovelace'])
      expect(texts(await find('example.team'))).toEqual(['org.example.team=blue'])
    })

    test('labels go with their manifest', async () => {
      const digest = await pushLabelled('team/app', { team: 'purple' })
      await doLabelJobs()
      await store.remove('team/app', digest)
      expect(await find('purple')).toEqual([])
      // The job may also come too late.
      await doLabelJobs()
      expect(await find('purple')).toEqual([])
    })

    test.each([
      ['that is not JSON', 'not json'],
      ['whose labels are no object', '{"config":{"Labels":[1,2]}}'],
      ['with labels that are no text', '{"config":{"Labels":{"a":{"b":1}}}}'],
    ])('an image with a config %s has no labels', async (_, content) => {
      const digest = await store.pushBlob('team/app', content)
      await store.pushManifest('team/app', 'x', {
        schemaVersion: 2,
        mediaType: imageManifest,
        config: { mediaType: imageConfig, digest, size: content.length },
        layers: [],
      })
      await doLabelJobs()
      expect(
        await opened.database.read.selectFrom('search_occurrences').selectAll().execute(),
      ).toEqual([])
    })

    test('a digest is found by its beginning, with and without the algorithm', async () => {
      const digest = await store.pushImage('team/app', 'v1', ['layer'])
      const hex = digest.slice('sha256:'.length)
      for (const text of [digest, digest.slice(0, 15), hex, hex.slice(0, 8)]) {
        expect(await find(text, ['digest'])).toMatchObject([
          { text: digest, repository: 'team/app' },
        ])
      }
      expect(await find(hex.slice(0, 3), ['digest'])).toEqual([])
      expect((await find(hex, ['digest']))[0]?.match).toBe('exact')
      const other = makeDigest('sha256', 'f'.repeat(64))
      expect(await find(other, ['digest'])).toEqual([])
    })

    test('only what the caller may pull is found, whatever the index holds', async () => {
      await pushLabelled('acme/secret', { team: 'indigo' }, { note: 'indigo' })
      await store.pushImage('acme/secret', 'indigo', ['layer'])
      await store.pushImage('acme/open', 'indigo', ['layer'])
      await doLabelJobs()
      const narrow = testCaller({
        may: (_, repository) => Promise.resolve(repository === name('acme/open')),
        mayProject: () => Promise.resolve(false),
      })
      const hits = await search.search(narrow, {
        text: 'indigo',
        kinds: searchKind.options,
        limit: 50,
      })
      expect(hits.map((hit) => hit.repository)).toEqual(['acme/open'])
      const nowhere = testCaller({ readableProjects: () => Promise.resolve([]) })
      expect(
        await search.search(nowhere, { text: 'indigo', kinds: searchKind.options, limit: 50 }),
      ).toEqual([])
    })

    test('a caller of one project finds what is in it, and nothing of others', async () => {
      for (const project of ['blue', 'red']) {
        await opened.database.transaction(async (tx) => {
          const now = '2026-01-01T00:00:00.000Z'
          await tx
            .insertInto('projects')
            .values({ name: project, parent_id: 1, created_at: now, updated_at: now, version: 1 })
            .execute()
          await index.addProject(tx, project)
        })
        await pushLabelled(`${project}/app`, { colour: 'dark' }, { tone: 'dark' })
        await store.pushImage(`${project}/app`, 'dark', ['layer'])
        await opened.database.transaction(async (tx) => {
          const { id } = await tx
            .selectFrom('projects')
            .select('id')
            .where('name', '=', project)
            .executeTakeFirstOrThrow()
          await tx
            .updateTable('repositories')
            .set({ project_id: id })
            .where('name', '=', `${project}/app`)
            .execute()
        })
      }
      await doLabelJobs()
      const { id } = await opened.database.read
        .selectFrom('projects')
        .select('id')
        .where('name', '=', 'blue')
        .executeTakeFirstOrThrow()
      const caller = testCaller({ readableProjects: () => Promise.resolve([id]) })
      const dark = await search.search(caller, {
        text: 'dark',
        kinds: searchKind.options,
        limit: 50,
      })
      expect(dark.map((hit) => `${hit.kind} in ${hit.project}`).toSorted()).toEqual([
        'annotation in blue',
        'label in blue',
        'tag in blue',
      ])
      const names = { kinds: searchKind.options, limit: 50 }
      expect(texts(await search.search(caller, { text: 'app', ...names }))).toEqual(['blue/app'])
      expect(texts(await search.search(caller, { text: 'blu', ...names }))).toEqual([
        'blue',
        'blue/app',
      ])
      expect(await search.search(caller, { text: 'red', ...names })).toEqual([])
      await opened.database.transaction((tx) => index.removeProject(tx, 'blue'))
      expect(texts(await find('blu', ['project']))).toEqual([])
    })

    test('signs that mean something to a database are text here', async () => {
      await store.pushImage('team/app', 'under_score', ['layer'])
      await pushLabelled('team/app', { rate: '100% "quoted" \\ path*' })
      await doLabelJobs()
      for (const text of ['100%', '% "quo', '\\ path', 'path*', '" \\ pa']) {
        expect(texts(await find(text, ['label']))).toHaveLength(1)
      }
      expect(texts(await find('under_', ['tag']))).toEqual(['under_score'])
      for (const text of ['nder%score', 'underxscore', '%%%', 'rate:', '100* OR']) {
        expect(await find(text)).toEqual([])
      }
    })

    test('no text whatever makes it fail', async () => {
      await store.pushImage('team/app', 'v1', ['layer'])
      const text = fc.oneof(
        fc.string({ unit: 'binary', minLength: 1, maxLength: 100 }),
        fc.string({
          unit: fc.constantFrom(
            '"',
            '*',
            '^',
            '(',
            ')',
            '%',
            '_',
            '\\',
            "'",
            '-',
            ':',
            '\0',
            '\ud800',
            'a',
          ),
          minLength: 1,
          maxLength: 20,
        }),
        fc.constantFrom('NEAR', 'a OR b', 'folded: "x"', '{folded}: x', 'AND', 'NOT NOT'),
      )
      await fc.assert(
        fc.asyncProperty(text, async (value) => {
          expect(Array.isArray(await find(value))).toBe(true)
        }),
        { numRuns: 200 },
      )
    })

    test('any label that is kept is found again by any part of three characters and more', async () => {
      let number = 0
      const word = fc.string({
        unit: fc.constantFrom('a', 'b', 'Z', '9', '-', '.', '_', '%', '"', ' ', 'é', 'ß'),
        minLength: 3,
        maxLength: 30,
      })
      await fc.assert(
        fc.asyncProperty(word, fc.nat(), async (value, at) => {
          number += 1
          await pushLabelled(`words/${number}`, { k: value })
          await doLabelJobs()
          await opened.database.transaction((tx) => tx.deleteFrom('jobs').execute())
          const start = at % (value.length - 2)
          const part = value.slice(start, start + 3)
          if (!/[a-z0-9]{3}/i.test(part)) return
          expect(texts(await find(part, ['label']))).toContain(`k=${value}`)
          await opened.database.transaction((tx) => tx.deleteFrom('search_occurrences').execute())
        }),
        { numRuns: 30 },
      )
    })

    test('at most so many of each kind are answered', async () => {
      for (let number = 0; number < 6; number += 1) await store.pushBlob(`team/app-${number}`, 'a')
      expect(await find('app', ['repository'], 4)).toHaveLength(4)
    })

    test('a rebuild finds what was there before, and goes on where it was stopped', async () => {
      isIndexing = false
      await pushLabelled('team/app', { maintainer: 'grace' }, { revision: 'abcdef' })
      await store.pushImage('team/app', 'nightly', ['layer'])
      isIndexing = true
      expect(await find('nightly')).toEqual([])
      const reached: unknown[] = []
      const stop = new AbortController()
      await upkeep.rebuild({
        signal: stop.signal,
        from: undefined,
        onProgress: (progress) => {
          reached.push(progress)
          stop.abort()
        },
      })
      expect(await find('grace')).toEqual([])
      await upkeep.rebuild({ signal: never, from: reached.at(-1), onProgress: () => undefined })
      for (const text of ['team/app', 'nightly', 'grace', 'abcdef']) {
        expect(await find(text)).toHaveLength(1)
      }
      // Again changes nothing, and nothing of it is thrown out.
      await upkeep.rebuild({
        signal: never,
        from: { stage: 'nonsense' },
        onProgress: () => undefined,
      })
      expect(await upkeep.trim(never)).toEqual({ removed: 0 })
    })

    test('a word that a push has just used again is not thrown out from under it', async () => {
      await store.pushImage('team/app', 'once', ['layer'])
      await store.remove('team/app', 'once')
      const pushed = store.pushImage('team/app', 'once', ['layer'])
      await Promise.all([pushed, upkeep.trim(never)])
      await upkeep.trim(never)
      expect(texts(await find('once'))).toEqual(['once'])
    })
  })
}
