import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readLines } from '../../audit/lines.ts'
import { verifyExport } from '../../audit/file-verification.ts'
import { AuditLog } from '../../audit/log.ts'
import { AuditSealer } from '../../audit/sealer.ts'
import { insertAuditEntry } from '../../metadata/audit-entries.ts'
import { type TestDatabase, testDatabases } from '../../testing/open-test-databases.ts'
import {
  anonymousCaller,
  openTestManagement,
  testCaller,
  type TestManagement,
} from '../../testing/open-test-management.ts'
import { auditRoutes } from './audit.ts'

const start = Date.parse('2026-01-01T00:00:00.000Z')
const projects = ['', 'acme', 'acme/ml', 'acme/secret', 'acme-x', 'other']
const count = 1200

type Page = { items: { id: number; project: string; after: unknown }[]; next: string | null }

describe.each(testDatabases)('the audit log over HTTP on $name', (engine) => {
  describe.skipIf(!engine.available)('with entries of several projects', () => {
    let test: TestDatabase
    let api: TestManagement
    beforeAll(async () => {
      test = await engine.open()
      await test.database.transaction(async (tx) => {
        for (let number = 0; number < count; number += 1) {
          const project = projects[number % projects.length]!
          await insertAuditEntry(
            tx,
            { actor: { kind: 'user', id: 'u-1', name: 'alice' }, address: '::1', requestId: 'r' },
            {
              action: 'tag.moved',
              targetKind: 'tag',
              target: number === 7 ? '=HYPERLINK("x"),\n"y"' : `${project}/app:${number}`,
              project,
              before: { digest: 'sha256:a' },
              after: { number },
            },
            new Date(start + number * 1000).toISOString(),
          )
        }
      })
      await new AuditSealer({ database: test.database, now: Date.now }).seal()
      const audit = new AuditLog({ database: test.database, targets: ['siem'] })
      api = await openTestManagement({
        bindings: auditRoutes,
        database: test.database,
        door: { audit },
      })
    })
    afterAll(async () => {
      await api.close()
      await test.close()
    })
    beforeEach(() => {
      api.setCaller(testCaller())
    })

    const get = (path: string) => api.send('GET', path)
    const all = async (path: string) => {
      const items: Page['items'] = []
      let next: string | null = ''
      while (next !== null) {
        const more: string = next === '' ? '' : `&after=${encodeURIComponent(next)}`
        const answer = await get(`${path}${more}`)
        expect(answer.status).toBe(200)
        const page = answer.body as Page
        items.push(...page.items)
        next = page.next
      }
      return items
    }

    it('lists the newest first, whole entries, in pages', async () => {
      const answer = await get('/audit?limit=1')
      expect(answer.body).toEqual({
        items: [
          {
            id: count,
            position: count,
            hash: expect.stringMatching(/^[0-9a-f]{64}$/),
            at: new Date(start + (count - 1) * 1000).toISOString(),
            actor: { kind: 'user', id: 'u-1', name: 'alice' },
            action: 'tag.moved',
            target: { kind: 'tag', name: `other/app:${count - 1}` },
            project: 'other',
            outcome: 'success',
            address: '::1',
            requestId: 'r',
            before: { digest: 'sha256:a' },
            after: { number: count - 1 },
          },
        ],
        next: String(count),
      })
      const ids = (await all('/audit?limit=200')).map(({ id }) => id)
      expect(ids).toEqual(Array.from({ length: count }, (_, index) => count - index))
    })

    it('filters, and takes a time in any form of ISO 8601', async () => {
      expect(await all('/audit?project=&limit=200')).toHaveLength(200)
      expect(await all('/audit?projectTree=acme&limit=200')).toHaveLength(600)
      expect(await all('/audit?actor=bob')).toEqual([])
      for (const from of ['2026-01-01T00:19:58Z', '2026-01-01T01:19:58%2B01:00'])
        expect(await all(`/audit?from=${from}`)).toHaveLength(2)
      expect(await all('/audit?to=2026-01-01T00:00:00.001Z')).toHaveLength(1)
    })

    it.each([
      'sort=id',
      'password=x',
      'actor=',
      'actor=%00',
      `actor=${'x'.repeat(600)}`,
      'action=drop table',
      'outcome=good',
      'from=yesterday',
      'after=x',
      'after=1;drop',
      'limit=0',
      'limit=100000',
      'project=../x',
    ])('refuses the query %s', async (query) => {
      expect((await get(`/audit?${query}`)).status).toBe(400)
      expect(api.failures).toEqual([])
    })

    it('shows the whole log to who may read the system, and to nobody else', async () => {
      api.setCaller(testCaller({ mayInstance: () => false }))
      for (const path of ['/audit', '/audit/export', '/audit/status'])
        expect((await get(path)).status).toBe(403)
      expect((await get('/projects/acme/audit')).status).toBe(200)
      api.setCaller(anonymousCaller())
      for (const path of ['/audit', '/audit/export', '/audit/status', '/projects/acme/audit'])
        expect((await get(path)).status).toBe(401)
    })

    it('shows a project with those below it, but for those that the caller may not audit', async () => {
      const names = (items: Page['items']) => new Set(items.map(({ project }) => project))
      expect(names(await all('/projects/acme/audit?limit=200'))).toEqual(
        new Set(['acme', 'acme/ml', 'acme/secret']),
      )
      api.setCaller(
        testCaller({
          mayInstance: () => false,
          mayProject: (_action, project) =>
            Promise.resolve(project === 'acme' || project === 'acme/ml'),
        }),
      )
      expect(names(await all('/projects/acme/audit?limit=200'))).toEqual(
        new Set(['acme', 'acme/ml']),
      )
      const exported = await get('/projects/acme/audit/export?format=csv')
      expect(exported.body).not.toContain('secret')
      expect(String(exported.body).trimEnd().split('\r\n')).toHaveLength(401)
      // Asking for another project finds nothing of it.
      expect(await all('/projects/acme/audit?project=other')).toEqual([])
      expect([403, 404]).toContain((await get('/projects/other/audit')).status)
    })

    it('exports JSON lines that verify by themselves, and with one letter altered do not', async () => {
      const download = (path: string) => fetch(`${api.url}/api/v1${path}`)
      const answer = await download('/audit/export')
      expect(answer.headers.get('content-type')).toBe('application/jsonl; charset=utf-8')
      expect(answer.headers.get('content-disposition')).toBe('attachment; filename="audit.jsonl"')
      const text = await answer.text()
      const verify = (content: string, partial = false) =>
        verifyExport(readLines(ofText(content)), { partial })
      expect(await verify(text)).toMatchObject({ fault: undefined, verified: count, absent: 0 })
      const lines = text.trimEnd().split('\n')
      const altered = lines.with(500, lines[500]!.replace('alice', 'alicf'))
      expect((await verify(altered.join('\n'))).fault).toEqual({
        line: 501,
        position: 501,
        check: 'altered',
      })
      expect((await verify(lines.toSpliced(500, 1).join('\n'))).fault).toEqual({
        line: undefined,
        position: 501,
        check: 'missing',
      })
      const filtered = await (await download('/audit/export?projectTree=acme')).text()
      expect((await verify(filtered)).fault?.check).toBe('missing')
      expect(await verify(filtered, true)).toMatchObject({ fault: undefined, verified: 600 })
      expect((await verify(lines.toReversed().join('\n'))).fault).toBeUndefined()
    })

    it('exports CSV in which no cell is a formula', async () => {
      const { headers, body } = await get('/audit/export?format=csv')
      expect(headers.get('content-type')).toContain('text/csv')
      expect(String(body)).toMatch(/^position,previousHash,hash,id,at,actorKind,/)
      expect(String(body)).toContain(`,"'=HYPERLINK(""x""),\n""y""",`)
    })

    it('tells how far it came', async () => {
      const { body } = await get('/audit/status')
      expect(body).toEqual({
        head: { position: count, hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
        removed: { position: 0, hash: '0'.repeat(64) },
        unsealed: 0,
        forwarded: [{ name: 'siem', position: 0, waiting: count, failure: null }],
      })
    })

    it('stops reading when the client goes away', async () => {
      const controller = new AbortController()
      const answer = await fetch(`${api.url}/api/v1/audit/export`, { signal: controller.signal })
      await answer.body?.getReader().read()
      controller.abort()
      expect((await get('/audit?limit=1')).status).toBe(200)
    })
  })
})

async function* ofText(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}
