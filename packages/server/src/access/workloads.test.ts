import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { BerthError } from '../errors.ts'
import { prepareAccessEpoch } from '../metadata/access-epoch.ts'
import { findWorkloadRules } from '../metadata/workload-rules.ts'
import { dumpDatabase } from '../testing/dump-database.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { openTestIssuer, type TestIssuer, type TestKey } from '../testing/open-test-issuer.ts'
import { AccessChanges } from './changes.ts'
import { limitsAllow } from './limits.ts'
import type { GrantContext } from './machine-limits.ts'
import { WorkloadExchange } from './workload-exchange.ts'
import { WorkloadTokens } from './workload-tokens.ts'
import { limitsOfRule, type WorkloadRuleSettings, Workloads } from './workloads.ts'

const start = Date.UTC(2030, 0, 1)
const context: GrantContext = {
  actor: { kind: 'user', id: 'u1', name: 'alice' },
  address: '192.0.2.1',
  requestId: 'r1',
}
const later = (ms: number) => new Date(start + ms).toISOString()
const unknown = { kind: 'unauthenticated', details: [{ reason: 'workloadUnknown' }] }

describe.each(testDatabases)('Workloads on $name', (engine) => {
  describe.skipIf(!engine.available)('with an issuer and two projects', () => {
    let test: TestDatabase
    let issuer: TestIssuer
    let key: TestKey
    let workloads: Workloads
    let exchange: WorkloadExchange
    let settings: WorkloadRuleSettings
    let now: number
    beforeAll(async () => {
      test = await engine.open()
      issuer = await openTestIssuer()
      key = await issuer.addKey('k1')
      settings = {
        issuer: issuer.url,
        conditions: { sub: 'repo:acme/*', ref: 'main' },
        actions: ['pull', 'push'],
        repositories: ['**'],
        allowedAddresses: null,
      }
      await test.database.transaction(async (tx) => {
        for (const name of ['acme', 'other']) {
          const at = later(0)
          await tx
            .insertInto('projects')
            .values({ name, parent_id: 1, created_at: at, updated_at: at, version: 1 })
            .execute()
        }
      })
    })
    afterAll(async () => {
      await issuer.close()
      await test.close()
    })
    beforeEach(async () => {
      await test.database.transaction(async (tx) => {
        await tx.deleteFrom('workload_rules').execute()
        await tx.deleteFrom('audit_entries').execute()
      })
      now = start
      const { database } = test
      const changes = new AccessChanges(database, () => now)
      workloads = new Workloads({ database, changes, issuers: [issuer.url, 'https://ci.example'] })
      const trusted = {
        issuer: issuer.url,
        audience: 'berth',
        jwksUrl: issuer.jwksUrl,
        algorithms: ['RS256'],
        maxTokenAgeSeconds: 3600,
      }
      const tokens = new WorkloadTokens({
        issuers: [trusted],
        fetch: (url, { redirect, signal }) => fetch(url, { redirect, signal }),
        now: () => now,
      })
      exchange = new WorkloadExchange({ database, tokens, now: () => now })
    })

    const create = (
      change: Partial<WorkloadRuleSettings & { project: string; name: string }> = {},
    ) => workloads.createRule(context, { project: 'acme', name: 'main', ...settings, ...change })
    const token = (change: Record<string, unknown> = {}) =>
      key.sign({
        iss: issuer.url,
        aud: 'berth',
        sub: 'repo:acme/app',
        ref: 'main',
        iat: start / 1000,
        exp: start / 1000 + 3000,
        ...change,
      })
    const stored = (id: string) =>
      findWorkloadRules(test.database.read, [id]).then(([rule]) => rule)

    it('let the bearer of a token in by every rule that fits', async () => {
      const main = await create()
      const instance = await create({ project: '', conditions: { sub: 'repo:**' } })
      await create({ name: 'release', conditions: { ref: 'release' } })
      await create({ name: 'elsewhere', issuer: 'https://ci.example' })
      const identity = await exchange.exchange(await token())
      expect(identity).toEqual({
        issuer: issuer.url,
        subject: 'repo:acme/app',
        rules: [main, instance]
          .map(({ id }) => ({ id, version: 1 }))
          .sort((a, b) => (a.id < b.id ? -1 : 1)),
        expiresAt: start + 3_000_000,
      })
    })

    it('let nobody in whom no rule knows, or whose token is no good', async () => {
      await create()
      await expect(exchange.exchange(await token({ ref: 'x' }))).rejects.toMatchObject(unknown)
      await expect(exchange.exchange(await token({ ref: undefined }))).rejects.toMatchObject(
        unknown,
      )
      await expect(exchange.exchange(await token({ aud: 'x' }))).rejects.toMatchObject({
        kind: 'unauthenticated',
        details: [{ reason: 'invalidWorkloadToken' }],
      })
    })

    it('count at once when they change, with a new version each time', async () => {
      const rule = await create()
      const place = { project: 'acme', id: rule.id }
      await exchange.exchange(await token())
      const changed = await workloads.changeRule(context, place, { conditions: { ref: 'next' } }, 1)
      expect(changed).toMatchObject({
        version: 2,
        conditions: { ref: 'next' },
        actions: ['pull', 'push'],
      })
      await expect(exchange.exchange(await token())).rejects.toMatchObject(unknown)
      expect((await exchange.exchange(await token({ ref: 'next' }))).rules).toEqual([
        { id: rule.id, version: 2 },
      ])
      const mismatch = { kind: 'versionMismatch' }
      await expect(workloads.changeRule(context, place, {}, 1)).rejects.toMatchObject(mismatch)
      await expect(workloads.deleteRule(context, place, 1)).rejects.toMatchObject(mismatch)
      await workloads.deleteRule(context, place, 2)
      await expect(exchange.exchange(await token({ ref: 'next' }))).rejects.toMatchObject(unknown)
      expect(await stored(rule.id)).toBeUndefined()
    })

    it('are found in their own project only', async () => {
      const rule = await create()
      const elsewhere = { project: 'other', id: rule.id }
      const missing = { kind: 'notFound' }
      await expect(workloads.readRule(elsewhere)).rejects.toMatchObject(missing)
      await expect(workloads.changeRule(context, elsewhere, {})).rejects.toMatchObject(missing)
      await expect(workloads.deleteRule(context, elsewhere)).rejects.toMatchObject(missing)
      await expect(create({ project: 'none' })).rejects.toMatchObject(missing)
      expect(await workloads.listRules({ project: 'other', limit: 9 })).toEqual({
        items: [],
        next: null,
      })
      expect(await workloads.readRule({ project: 'acme', id: rule.id })).toEqual(rule)
    })

    it('are listed by name in pages', async () => {
      for (const name of ['c', 'a', 'b']) await create({ name })
      const page = async (after: string) =>
        (await workloads.listRules({ project: 'acme', after, limit: 2 })).items.map(
          ({ name }) => name,
        )
      expect([await page(''), await page('b')]).toEqual([['a', 'b'], ['c']])
      await expect(create({ name: 'a' })).rejects.toMatchObject({ kind: 'alreadyExists' })
    })

    it.each([
      ['name', { name: 'A b' }],
      ['issuer', { issuer: 'https://evil.example' }],
      ['conditions', { conditions: { sub: '**' } }],
      ['conditions', { conditions: {} }],
      ['conditions.sub', { conditions: { sub: '{' } }],
      ['actions', { actions: [] }],
      ['repositories', { repositories: [] }],
      ['allowedAddresses.0', { allowedAddresses: ['x'] }],
    ])('are refused for a bad %s', async (field, change) => {
      await expect(create(change)).rejects.toMatchObject({
        kind: 'requestInvalid',
        details: [{ field }],
      })
    })

    it('hand on nothing that their maker does not have', async () => {
      const rule = await create()
      const reader: GrantContext = {
        ...context,
        async grant(_, action) {
          if (action !== 'pull') throw new BerthError('denied', 'no')
        },
      }
      const place = { project: 'acme', id: rule.id }
      const denied = { kind: 'denied' }
      const input = { project: 'acme', name: 'x', ...settings }
      await expect(workloads.createRule(reader, input)).rejects.toMatchObject(denied)
      const wider = workloads.changeRule(reader, place, { conditions: { sub: 'x' } })
      await expect(wider).rejects.toMatchObject(denied)
      await workloads.changeRule(reader, place, { actions: ['pull'] })
    })

    it('reach within their project', async () => {
      const rule = await stored((await create()).id)
      if (!rule) throw new Error('It is gone')
      const limits = limitsOfRule(rule)
      expect(limitsAllow(limits, 'push', 'acme/app')).toBe(true)
      expect(limitsAllow(limits, 'delete', 'acme/app')).toBe(false)
      expect(limitsAllow(limits, 'push', 'other/app')).toBe(false)
    })

    it('are at most 32 for one token', async () => {
      for (let index = 0; index < 33; index += 1) await create({ name: `r${index}` })
      expect((await exchange.exchange(await token())).rules).toHaveLength(32)
    })

    it('tell when they were last used, what was changed, and keep no token', async () => {
      const epoch = () => prepareAccessEpoch(test.database).first({})
      const rule = await create()
      const before = await epoch()
      const shown = await token()
      await exchange.exchange(shown)
      now = start + 299_999
      await exchange.exchange(shown)
      expect((await stored(rule.id))?.lastUsedAt).toBe(later(0))
      now = start + 300_000
      await exchange.exchange(shown)
      expect(await stored(rule.id)).toMatchObject({ lastUsedAt: later(300_000), version: 1 })
      expect(await epoch()).toEqual(before)
      await workloads.deleteRule(context, { project: 'acme', id: rule.id })
      expect(await epoch()).not.toEqual(before)
      const audit = await test.database.read
        .selectFrom('audit_entries')
        .select('action')
        .orderBy('id')
        .execute()
      expect(audit.map(({ action }) => action)).toEqual([
        'workloadRule.created',
        'workloadRule.deleted',
      ])
      expect(await dumpDatabase(test.database)).not.toContain(shown.split('.')[2])
    })
  })
})
