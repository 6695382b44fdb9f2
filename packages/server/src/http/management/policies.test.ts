import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Answer, ask, basic, readJson } from '../../testing/http-client.ts'
import { testDatabases } from '../../testing/open-test-databases.ts'
import { openTestPolicies, type TestPolicies } from '../../testing/open-test-policies.ts'

type Violation = { rule: string; subject: string; found: string; fix: string | null }
type Evaluation = { decision: string; message: string; violations: Violation[] }
type Trial = { repository: string; tags: string[]; now: Evaluation; tried: Evaluation }
type Page<Item> = { items: Item[]; next: string | null }
type Denial = { actor: string; repository: string; reason: string; count: number }
type Problem = { title: string; detail: string; errors?: { message: string }[] }

const slow = 60_000
const documentOf = (rules: string) => `apiVersion: berth/v1\nrules:\n${rules}\n`
const noRoot = documentOf('  - { name: no-root, notRoot: true }')
const few = documentOf('  - { name: few, maximumLayers: { layers: 1 } }')

describe.each(testDatabases)(
  'policies in the management API, $name',
  { timeout: slow },
  (engine) => {
    describe.skipIf(!engine.available)('policies in the management API', () => {
      let test: TestPolicies
      let number = 0
      let project = ''

      beforeAll(async () => {
        test = await openTestPolicies(engine)
      }, slow)
      afterAll(() => test.close(), slow)
      beforeEach(async () => {
        number += 1
        project = `acme/p${number}`
        await test.manage('POST', '/projects', { name: project, visibility: 'private' })
        await test.setPolicy('acme', '  []')
      })

      const path = (rest = '') => `/projects/${encodeURIComponent(project)}/policy${rest}`
      const send = (
        method: string,
        to: string,
        body?: unknown,
        more: { as?: { name: string; password: string }; ifMatch?: string } = {},
      ): Promise<Answer> => {
        const { name, password } = more.as ?? test.first.admin
        return ask(test.first.url, {
          method,
          path: `/api/v1${to}`,
          headers: {
            authorization: basic(name, password),
            ...(body !== undefined && { 'content-type': 'application/json' }),
            ...(more.ifMatch !== undefined && { 'if-match': more.ifMatch }),
          },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        })
      }
      const member = (name: string) => ({ name, password: 'heron basalt umbrella' })
      const tryPolicy = (body: object) => test.manage<Page<Trial>>('POST', path('/test'), body)

      it('keeps a document as it was written, counts its versions, and heeds If-Match', async () => {
        expect((await send('GET', path())).status).toBe(404)
        const document = `# why\n${noRoot}`
        const first = await send('PUT', path(), { document }, { ifMatch: '"1"' })
        expect(first.status).toBe(412)
        const set = await send('PUT', path(), { document })
        expect([set.status, set.headers['etag']]).toEqual([200, '"1"'])
        expect(readJson(set)).toMatchObject({ document, version: 1, updatedBy: 'admin', project })
        expect((await send('PUT', path(), { document: few }, { ifMatch: '"7"' })).status).toBe(412)
        expect((await send('PUT', path(), { document: few }, { ifMatch: '"1"' })).status).toBe(200)
        expect((await send('DELETE', path(), undefined, { ifMatch: '"1"' })).status).toBe(412)
        expect(readJson(await send('GET', path()))).toMatchObject({
          document: few,
          version: 2,
          rules: [{ name: 'few', mode: 'enforce', on: ['pull'], maximumLayers: { layers: 1 } }],
        })
        expect((await send('DELETE', path(), undefined, { ifMatch: '"2"' })).status).toBe(204)
        expect((await send('GET', path())).status).toBe(404)
      })

      it('takes rules as JSON in place of a document, and tells the faults of each', async () => {
        const rules = [
          { name: 'few', description: 'a: "b"\n- c', maximumLayers: { layers: 1 } },
          { name: 'mended', tags: ['v*'], sla: { critical: '1d' } },
        ]
        const set = await send('PUT', path(), { rules })
        expect(set.status).toBe(200)
        const read = readJson<{ document: string; rules: object[] }>(await send('GET', path()))
        expect(read.rules).toMatchObject(rules)
        // What was written can be edited as a document, and means the same.
        const again = await send('PUT', path(), { document: `# why\n${read.document}` })
        expect(readJson<{ rules: object[] }>(again).rules).toEqual(read.rules)

        const faultsOf = async (body: object) => {
          const answer = await send('PUT', path(), body)
          expect(answer.status).toBe(400)
          return readJson<{ errors: object[] }>(answer).errors
        }
        expect(await faultsOf({ rules, document: few })).toMatchObject([{ path: 'document' }])
        expect(await faultsOf({})).toMatchObject([{ path: 'document' }])
        expect(await faultsOf({ rules: [rules[0], rules[0]] })).toMatchObject([
          { path: 'rules[1].name', rule: 'custom' },
        ])
        expect(
          await faultsOf({ rules: [{ ...rules[0], repositories: ['a', '{b'] }] }),
        ).toMatchObject([{ path: 'rules[0].repositories[1]', rule: 'glob' }])
        expect(
          await faultsOf({ rules: [{ ...rules[0], maximumLayers: { layers: 0 } }] }),
        ).toMatchObject([{ path: 'rules[0].maximumLayers.layers' }])
        const long = 'x'.repeat(250)
        const globs = Array.from({ length: 100 }, (_, index) => `${long}${index}`)
        const many = ['a', 'b', 'c'].map((name) => ({ ...rules[0], name, repositories: globs }))
        expect(await faultsOf({ rules: many })).toMatchObject([{ path: 'rules', rule: 'too_big' }])
      })

      it('refuses a wrong document with place and reason, and the former one stays in force', async () => {
        const repository = `${project}/app`
        await test.push(repository, 'v1')
        await test.manage('PUT', path(), { document: noRoot })
        for (const [document, place, reason] of [
          [
            documentOf('  - { name: a, notRot: true }'),
            'line 3, column 16',
            'did you mean notRoot?',
          ],
          [documentOf('  - { name: a, maximumCvss: { score: 11 } }'), 'line 3', 'at most 10'],
          ['apiVersion: berth/v1\nrules: [', 'line 2', 'not valid YAML'],
          [documentOf(`  - &a { name: a, x: ${'[*a, '.repeat(9)}${']'.repeat(9)} }`), 'line ', ''],
          ['x'.repeat(65_537), '', ''],
        ] as const) {
          const answer = await send('PUT', path(), { document })
          expect(answer.status).toBe(400)
          const text = answer.body.toString()
          expect(text).toContain(place)
          expect(text).toContain(reason)
          expect((await test.pull(repository, 'v1')).status).toBe(403)
        }
        const problem = readJson<Problem>(await send('PUT', path(), { document: '- a' }))
        expect(problem.detail).toContain('the former one stays in force')
        expect(readJson(await send('GET', path()))).toMatchObject({ document: noRoot, version: 1 })
      })

      it('tells what a policy would break before it is in force: all, what changes, what is blocked; by pages', async () => {
        for (const name of ['a', 'b', 'c']) {
          await test.push(`${project}/${name}`, 'root')
          await test.push(`${project}/${name}`, 'good', { user: '7', labels: { only: name } })
        }
        await test.manage('PUT', path(), {
          document: documentOf(`  - { name: b, repositories: ["${project}/b"], notRoot: true }`),
        })
        const all = await tryPolicy({ document: noRoot })
        expect(all.items).toHaveLength(6)
        expect(all.next).toBeNull()
        const short = ({ repository, tags, now, tried }: Trial) =>
          [repository.slice(project.length + 1), tags.join(), now.decision, tried.decision].join(
            ' ',
          )
        expect(all.items.map(short).toSorted()).toEqual([
          'a good allow allow',
          'a root allow deny',
          'b good allow allow',
          'b root deny deny',
          'c good allow allow',
          'c root allow deny',
        ])
        const asRules = await tryPolicy({ rules: [{ name: 'no-root', notRoot: true }] })
        expect(asRules).toEqual(all)
        const changed = await tryPolicy({ document: noRoot, only: 'changed' })
        expect(changed.items.map(short)).toEqual(['a root allow deny', 'c root allow deny'])
        expect(changed.items[0]?.tried).toMatchObject({
          message: expect.stringContaining('"no-root": runs as root'),
          violations: [{ rule: 'no-root', fix: 'set USER in the Dockerfile' }],
        })
        const blocked = await tryPolicy({ only: 'blocked' })
        expect(blocked.items.map(short)).toEqual(['b root deny deny'])
        const paged: string[] = []
        for (let after: string | undefined; ; ) {
          const page = await tryPolicy({ document: noRoot, limit: 2, ...(after && { after }) })
          expect(page.items.length).toBeLessThanOrEqual(2)
          paged.push(...page.items.map(short))
          if (page.next === null) break
          after = page.next
        }
        expect(paged).toEqual(all.items.map(short))
        // Nothing of it is in force.
        expect((await test.pull(`${project}/a`, 'root')).status).toBe(200)
        expect((await send('POST', path('/test'), { document: 'x: [' })).status).toBe(400)
        expect((await send('POST', path('/test'), { after: 'nowhere' })).status).toBe(400)
      })

      it('a trial and the setting of policies are for maintainers; who may not pull is shown nothing', async () => {
        await test.push(`${project}/app`, 'v1')
        for (const name of ['reader', 'developer']) {
          const as = member(name)
          expect((await send('POST', path('/test'), { document: noRoot }, { as })).status).toBe(403)
          expect((await send('PUT', path(), { document: noRoot }, { as })).status).toBe(403)
        }
        const maintainer = member(`maintainer${number}`)
        await test.manage('POST', '/users', maintainer)
        const to = `/projects/${encodeURIComponent(project)}/members/user/${maintainer.name}`
        await test.manage('PUT', to, { role: 'maintainer' })
        const answer = await send('POST', path('/test'), { document: noRoot }, { as: maintainer })
        expect(readJson<Page<Trial>>(answer).items).toMatchObject([
          { repository: `${project}/app` },
        ])
        expect((await send('PUT', path(), { document: noRoot }, { as: maintainer })).status).toBe(
          200,
        )
        const instance = '/system/policy'
        expect((await send('PUT', instance, { document: noRoot }, { as: maintainer })).status).toBe(
          403,
        )
        const stranger = member(`stranger${number}`)
        await test.manage('POST', '/users', stranger)
        for (const rest of [
          path(),
          `/repositories/${encodeURIComponent(`${project}/app`)}/policy`,
        ]) {
          expect((await send('GET', rest, undefined, { as: stranger })).status).toBe(404)
        }
      })

      it('shows every rule that holds for a repository, the nearest project last', async () => {
        await test.push(`${project}/app`, 'v1')
        await test.setPolicy('', '  - { name: everywhere, mode: audit, notRoot: true }')
        await test.setPolicy('acme', '  - { name: ours, mode: warn, notRoot: true }')
        await test.manage('PUT', path(), {
          document: documentOf(
            `  - { name: near, notRoot: true }\n  - { name: other, repositories: ["${project}/x"], notRoot: true }`,
          ),
        })
        const effective = `/repositories/${encodeURIComponent(`${project}/app`)}/policy`
        const { rules } = await test.manage<{
          rules: { project: string; rule: { name: string } }[]
        }>('GET', effective)
        expect(rules.map((each) => [each.project, each.rule.name])).toEqual([
          ['', 'everywhere'],
          ['acme', 'ours'],
          [project, 'near'],
        ])
        const { items } = await test.manage<Page<{ project: string }>>('GET', '/system/policies')
        expect(items.map((each) => each.project)).toEqual(
          expect.arrayContaining(['', 'acme', project]),
        )
        await test.manage('DELETE', '/system/policy')
      })

      it('explains a decision with what it was judged by, for each stage', async () => {
        const digest = await test.push(`${project}/app`, 'v1')
        await test.manage('PUT', path(), {
          document: documentOf(
            '  - { name: near, on: [push], notRoot: true }\n  - { name: few, maximumLayers: { layers: 1 } }\n  - { name: scan, mode: warn, scannedWithin: { age: 1d } }',
          ),
        })
        const decision = `/repositories/${encodeURIComponent(`${project}/app`)}/decisions/v1`
        expect(await test.manage('GET', `${decision}?stage=push`)).toMatchObject({
          digest,
          stage: 'push',
          decision: 'deny',
          message: expect.stringContaining('blocked by Berth policy "near"'),
          violations: [
            { project, rule: 'near', template: 'notRoot', subject: 'user', mode: 'enforce' },
          ],
        })
        expect(await test.manage('GET', decision)).toMatchObject({
          stage: 'pull',
          decision: 'warn',
          violations: [{ rule: 'scan', template: 'scannedWithin' }],
          inputs: {
            images: [{ digest, platform: 'linux/amd64', scan: { state: expect.any(String) } }],
            policies: [{ project, version: 1 }],
            tags: ['v1'],
          },
        })
        expect((await send('GET', `${decision}x`)).status).toBe(404)
      })

      it('lists what was blocked lately, the latest first, to those who manage policies', async () => {
        for (const name of ['a', 'b']) await test.push(`${project}/${name}`, 'v1')
        await test.manage('PUT', path(), { document: noRoot })
        for (const name of ['a', 'b', 'b']) {
          expect((await test.pull(`${project}/${name}`, 'v1')).status).toBe(403)
        }
        const to = `/projects/${encodeURIComponent(project)}/denials`
        // The audit log gathers the same for a few seconds.
        await expect
          .poll(async () => (await test.manage<Page<Denial>>('GET', to)).items.length, {
            timeout: 30_000,
          })
          .toBe(2)
        const { items } = await test.manage<Page<Denial>>('GET', to)
        expect(new Set(items.map(({ repository }) => repository))).toEqual(
          new Set([`${project}/a`, `${project}/b`]),
        )
        for (const item of items) {
          expect(item).toMatchObject({
            actor: 'reader',
            reason: expect.stringContaining('"no-root": runs as root'),
          })
        }
        const page = await test.manage<Page<Denial>>('GET', `${to}?limit=1`)
        expect(page.items).toHaveLength(1)
        const rest = await test.manage<Page<Denial>>('GET', `${to}?limit=1&after=${page.next}`)
        expect(rest.items[0]?.repository).not.toBe(page.items[0]?.repository)
        expect((await send('GET', to, undefined, { as: member('reader') })).status).toBe(403)
      })
    })
  },
)
