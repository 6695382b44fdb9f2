import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Answer, ask, basic, readJson } from '../../testing/http-client.ts'
import { testDatabases } from '../../testing/open-test-databases.ts'
import { openTestScans, type TestScans, until } from '../../testing/open-test-scans.ts'
import { debianLayer } from '../../testing/scan-fixtures.ts'

type Tracked = {
  repository: string
  package: string
  vulnerability: string
  firstSeenAt: string
  due: string | null
  isOverdue: boolean
  isFixable: boolean
  knownExploited: string | null
}
type Page<Item> = { items: Item[]; next: string | null }
type Hit = {
  kind: string
  match: string
  text: string
  package: object | null
  vulnerability: string | null
  images: { count: number; isMore: boolean } | null
}
type Statement = { id: string; project: string; vulnerability: string; revokedAt: string | null }

const slow = 60_000
const day = 86_400_000
const password = 'heron basalt umbrella'
const advisories = [
  { cve: 'CVE-2026-1', package: 'openssl', fixed: '3.0.13-1', score: 9.8, exploited: '2026-10-01' },
  { cve: 'CVE-2026-2', package: 'openssl', score: 7.5 },
  { cve: 'CVE-2026-3', package: 'zlib1g', score: 5 },
]

describe.each(testDatabases)('findings everywhere, $name', { timeout: slow }, (engine) => {
  describe.skipIf(!engine.available)('findings everywhere', () => {
    let test: TestScans

    beforeAll(async () => {
      test = await openTestScans(engine)
      await test.useAdvisories(advisories)
      for (const name of ['acme', 'other']) {
        const found = await send('GET', `/projects/${name}`)
        if (found.status === 404) await test.manage('POST', '/projects', { name })
      }
      await test.setPolicy('', '  []')
      await test.setPolicy('acme', '  []')
      const both = { openssl: '3.0.11-1', zlib1g: '1:1.2.13' }
      await test.pushScanned('acme/a', 'v1', [debianLayer(both)])
      await test.pushScanned('other/b', 'v1', [debianLayer({ openssl: '3.0.11-1' })])
    }, slow)
    afterAll(() => test.close(), slow)

    function send(method: string, path: string, more: { as?: string; body?: object } = {}) {
      const { name, password: secret } =
        more.as === undefined ? test.first.admin : { name: more.as, password }
      return ask(test.first.url, {
        method,
        path: `/api/v1${path}`,
        headers: {
          authorization: basic(name, secret),
          ...(more.body && { 'content-type': 'application/json' }),
        },
        ...(more.body && { body: JSON.stringify(more.body) }),
      })
    }
    const list = async (query = '') =>
      (await test.manage<Page<Tracked>>('GET', `/system/findings?${query}`)).items
    const short = (items: readonly Tracked[]) =>
      items.map((item) => `${item.repository} ${item.package} ${item.vulnerability}`)

    it('lists the findings of all projects, filtered and by pages', async () => {
      expect(short(await list())).toEqual([
        'other/b deb:openssl CVE-2026-1',
        'acme/a deb:openssl CVE-2026-1',
        'other/b deb:openssl CVE-2026-2',
        'acme/a deb:openssl CVE-2026-2',
        'acme/a deb:zlib1g CVE-2026-3',
      ])
      expect(short(await list('repository=acme/a&fixable=true'))).toEqual([
        'acme/a deb:openssl CVE-2026-1',
      ])
      expect(await list('fixable=false')).toHaveLength(3)
      expect(await list('knownExploited=true')).toHaveLength(2)
      expect(await list('knownExploited=false&severity=high')).toHaveLength(2)
      expect(short(await list('package=zlib1g'))).toEqual(['acme/a deb:zlib1g CVE-2026-3'])
      expect(await list('package=deb:openssl')).toHaveLength(4)
      expect(await list('package=rpm:openssl')).toHaveLength(0)
      expect(await list('state=closed')).toHaveLength(0)
      const paged: string[] = []
      for (let after: string | null = null; ; ) {
        const query: string = after === null ? '' : `&after=${after}`
        const page: Page<Tracked> = await test.manage('GET', `/system/findings?limit=2${query}`)
        paged.push(...short(page.items))
        after = page.next
        if (after === null) break
      }
      expect(paged).toEqual(short(await list()))
    })

    it('those of one severity come page by page, and nothing else', async () => {
      const paged: string[] = []
      for (let after: string | null = null; ; ) {
        const query: string = after === null ? '' : `&after=${after}`
        const page: Page<Tracked> = await test.manage(
          'GET',
          `/system/findings?severity=high&limit=1${query}`,
        )
        paged.push(...short(page.items))
        after = page.next
        if (after === null) break
      }
      expect(paged).toEqual(['other/b deb:openssl CVE-2026-2', 'acme/a deb:openssl CVE-2026-2'])
      expect(short(await list('severity=medium'))).toEqual(['acme/a deb:zlib1g CVE-2026-3'])
      expect(await list('severity=medium&severity=high')).toHaveLength(3)
      expect(await list('severity=low')).toEqual([])
    })

    it('are counted of each project in the list of projects', async () => {
      type Listed = { name: string; findings: Record<string, number> | null }
      const { items } = await test.manage<Page<Listed>>('GET', '/projects')
      const counted = items.map(({ name, findings }) => [
        name,
        findings?.['critical'],
        findings?.['medium'],
      ])
      expect(counted).toEqual(
        expect.arrayContaining([
          ['acme', 1, 1],
          ['other', 1, 0],
        ]),
      )
    })

    it('gives each its due date as policies change, orders by it and tells what is overdue', async () => {
      expect((await list()).every(({ due }) => due === null)).toBe(true)
      expect(await list('sort=due')).toEqual([])
      await test.setPolicy('', '  - { name: slow, sla: { critical: 30d, high: 90d } }')
      await test.setPolicy('acme', '  - { name: fast, mode: audit, sla: { high: 3d, kev: 1d } }')
      const dueAfter = async () =>
        (await list('sort=due')).map(({ repository, vulnerability, due, firstSeenAt }) => [
          repository,
          vulnerability,
          Math.round((Date.parse(due ?? '') - Date.parse(firstSeenAt)) / day),
        ])
      const expected = [
        ['acme/a', 'CVE-2026-1', 1],
        ['acme/a', 'CVE-2026-2', 3],
        ['other/b', 'CVE-2026-1', 30],
        ['other/b', 'CVE-2026-2', 90],
      ]
      await until(async () => JSON.stringify(await dueAfter()) === JSON.stringify(expected))
      expect(await list('overdue=true')).toEqual([])
      const due = async () =>
        (await test.manage<{ due: object }>('GET', '/system/findings/overview')).due
      expect(await due()).toEqual({ overdue: 0, soon: 2 })
      test.advance(2 * day)
      expect(short(await list('overdue=true'))).toEqual(['acme/a deb:openssl CVE-2026-1'])
      expect(await list('overdue=false')).toHaveLength(4)
      expect(await due()).toEqual({ overdue: 1, soon: 1 })
      const before = new Date(test.now() + 2 * day).toISOString()
      expect(await list(`dueBefore=${before}`)).toHaveLength(2)
      const first = await test.manage<Page<Tracked>>('GET', '/system/findings?sort=due&limit=3')
      const rest = await list(`sort=due&limit=3&after=${first.next}`)
      expect(short(rest)).toEqual(['other/b deb:openssl CVE-2026-2'])
      const ofProject = await test.manage<{ due: object }>(
        'GET',
        '/projects/acme/findings/overview',
      )
      expect(ofProject.due).toEqual({ overdue: 1, soon: 1 })
      expect((await send('GET', '/system/findings?sort=due&state=all')).status).toBe(400)
      // An image that is pushed later has its dates at once.
      await test.pushScanned('acme/late', 'v1', [debianLayer({ openssl: '3.0.11-1' })])
      const [late] = await list('repository=acme/late&sort=due')
      expect(late).toMatchObject({ vulnerability: 'CVE-2026-1', isOverdue: false })
      await test.setPolicy('acme', '  []')
      await until(async () => (await list('overdue=true')).length === 0)
      await test.manage('DELETE', '/repositories/acme%2Flate')
      await until(async () => (await list()).length === 5)
    })

    it('shows how the instance stands, and how it went', async () => {
      const overview = await test.manage<{
        scanned: number
        waiting: number
        counts: Record<string, number>
        worst: { repository: string; tags: string[]; worstScore: number }[]
        upgrades: { package: string; version: string; findings: number }[]
      }>('GET', '/system/findings/overview')
      expect(overview.waiting).toBe(0)
      expect(overview.scanned).toBeGreaterThanOrEqual(2)
      expect(overview.counts).toMatchObject({ critical: 2, high: 2, medium: 1, low: 0 })
      const worst = overview.worst.map(({ repository, tags, worstScore }) =>
        [repository, tags.join(), worstScore].join(' '),
      )
      expect(worst.toSorted()).toEqual(['acme/a v1 9.8', 'other/b v1 9.8'])
      expect(overview.upgrades).toEqual([
        { package: 'deb:openssl', version: '3.0.13-1', findings: 2, images: 2, worstScore: 9.8 },
      ])
      const trend = () =>
        test.manage<{ days: { counts: object }[] }>('GET', '/system/findings/trend')
      // Noted once a day; the last of them is as the overview says.
      expect((await trend()).days.at(-1)).toMatchObject({ counts: overview.counts })
    })

    it('only who may read all of it sees the instance; who may pull sees where a vulnerability is', async () => {
      await test.manage('POST', '/users', { name: 'ann', password, role: 'none' })
      await test.manage('PUT', '/projects/acme/members/user/ann', { role: 'reader' })
      for (const path of ['findings', 'findings/overview', 'findings/trend', 'denials']) {
        expect([path, (await send('GET', `/system/${path}`, { as: 'ann' })).status]).toEqual([
          path,
          403,
        ])
      }
      const images = (answer: Answer) =>
        readJson<Page<{ repository: string; fixedVersion: string | null; tags: string[] }>>(answer)
          .items
      const path = '/vulnerabilities/cve-2026-1/images'
      expect(images(await send('GET', path, { as: 'ann' }))).toEqual([
        expect.objectContaining({
          vulnerability: 'CVE-2026-1',
          severity: 'critical',
          score: 9.8,
          repository: 'acme/a',
          tags: ['v1'],
          package: { kind: 'deb', name: 'openssl', version: '3.0.11-1' },
          fixedVersion: '3.0.13-1',
          firstSeenAt: expect.any(String),
        }),
      ])
      expect(
        images(await send('GET', path))
          .map(({ repository }) => repository)
          .toSorted(),
      ).toEqual(['acme/a', 'other/b'])
      expect(images(await send('GET', `${path}?project=other`))).toHaveLength(1)
      expect(images(await send('GET', '/vulnerabilities/CVE-1999-1/images'))).toEqual([])
      const page = readJson<Page<object>>(await send('GET', `${path}?limit=1`))
      const second = await send('GET', `${path}?limit=1&after=${page.next}`)
      expect(images(second)).toHaveLength(1)
      expect((await send('GET', `${path}?after=x`)).status).toBe(400)
    })

    it('search finds packages and vulnerabilities of images that the caller may pull', async () => {
      const search = async (text: string, as?: string) =>
        readJson<{ items: Hit[] }>(
          await send('GET', `/search?q=${text}&kind=package&kind=vulnerability`, as ? { as } : {}),
        ).items
      expect(await search('OPEN')).toEqual([
        expect.objectContaining({
          kind: 'package',
          match: 'prefix',
          text: 'openssl',
          package: { kind: 'deb', name: 'openssl' },
          images: { count: 2, isMore: false },
        }),
      ])
      expect(await search('openssl', 'ann')).toMatchObject([
        { match: 'exact', images: { count: 1, isMore: false } },
      ])
      const parts = await search('nssl')
      // PostgreSQL finds parts where it has its extension.
      for (const hit of parts) expect(hit).toMatchObject({ match: 'part', text: 'openssl' })
      expect((await search('cve-2026-')).map(({ text, images }) => [text, images?.count])).toEqual([
        ['CVE-2026-1', 2],
        ['CVE-2026-2', 2],
        ['CVE-2026-3', 1],
      ])
      await test.manage('POST', '/users', { name: 'eve', password, role: 'none' })
      expect(await search('openssl', 'eve')).toEqual([])
      expect(await search('cve-2026-1', 'eve')).toEqual([])
    })

    it('judges vulnerabilities for the whole instance', async () => {
      const made = await test.manage<Statement>('POST', '/system/vex-statements', {
        vulnerability: 'CVE-2026-3',
        status: 'not_affected',
        statement: 'The code is not called.',
      })
      expect(made.project).toBe('')
      const own = await test.manage<Statement>('POST', '/projects/acme/vex-statements', {
        vulnerability: 'CVE-2026-2',
        status: 'under_investigation',
      })
      const ids = async (query = '') =>
        (await test.manage<Page<Statement>>('GET', `/system/vex-statements?${query}`)).items.map(
          ({ id, project }) => [id, project],
        )
      expect(await ids()).toEqual([
        [own.id, 'acme'],
        [made.id, ''],
      ])
      expect(await ids('scope=instance')).toEqual([[made.id, '']])
      const findings = '/repositories/acme%2Fa/manifests/v1/findings?vulnerability=CVE-2026-3'
      const [judged] = (await test.manage<Page<{ suppressed: object | null }>>('GET', findings))
        .items
      expect(judged?.suppressed).toMatchObject({ status: 'not_affected' })
      await test.manage('POST', `/system/vex-statements/${made.id}/revoke`)
      expect(await ids('scope=instance')).toEqual([])
      expect(await ids('state=revoked')).toEqual([[made.id, '']])
      const document = {
        '@context': 'https://openvex.dev/ns/v0.2.0',
        '@id': 'https://example.com/vex',
        author: 'team',
        timestamp: '2026-01-01T00:00:00Z',
        version: 1,
        statements: [
          {
            vulnerability: { name: 'CVE-2026-1' },
            products: [{ '@id': 'pkg:deb/debian/openssl' }],
            status: 'under_investigation',
          },
        ],
      }
      const uploaded = await test.manage<{ created: Statement[] }>(
        'POST',
        '/system/vex-documents',
        { document },
      )
      expect(uploaded.created).toMatchObject([{ project: '', vulnerability: 'CVE-2026-1' }])
      expect((await send('GET', '/system/vex-statements', { as: 'ann' })).status).toBe(403)
    })

    it('tells what was blocked anywhere', async () => {
      await test.setPolicy('', '  - { name: gate, maximumCvss: { score: 5 } }')
      expect((await test.pull('acme/a', 'v1')).status).toBe(403)
      await until(async () => {
        const page = await test.manage<Page<{ repository: string }>>('GET', '/system/denials')
        return page.items.some(({ repository }) => repository === 'acme/a')
      })
    })
  })
})
