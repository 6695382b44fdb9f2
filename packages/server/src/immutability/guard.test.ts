import { parseTagName } from '@berth/oci/reference.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { AccessChanges } from '../access/changes.ts'
import { Placement } from '../access/placement.ts'
import { Projects } from '../access/projects.ts'
import { systemPermit, unrestricted } from '../registry/unrestricted.ts'
import { type TestDatabase, testDatabases } from '../testing/open-test-databases.ts'
import { TestRegistry, name, writer } from '../testing/open-test-registry.ts'
import { guardTag } from './guard.ts'
import { ImmutabilityRules } from './rules.ts'

const now = () => Date.parse('2026-01-01T00:00:00Z')

describe.each(testDatabases)('immutable tags on $name', ({ available, open }) => {
  describe.skipIf(!available)('immutable tags', () => {
    let test: TestDatabase
    let berth: TestRegistry
    let rules: ImmutabilityRules
    let number = 0
    let top = ''
    let repo = ''

    beforeAll(async () => {
      test = await open()
      rules = new ImmutabilityRules({
        database: test.database,
        changes: new AccessChanges(test.database, now),
      })
      const placement = new Placement({ projectsOnPush: 'nobody', now })
      berth = new TestRegistry(test.database, {
        admission: {
          ...unrestricted,
          placeRepository: (tx, permit, repository) =>
            placement.placeRepository(tx, permit, repository),
          admitTag: guardTag,
        },
      })
    })
    afterAll(async () => {
      await berth.close()
      await test.close()
    })
    beforeEach(async () => {
      number += 1
      top = `top${number}`
      repo = `${top}/app`
      const changes = new AccessChanges(test.database, now)
      const projects = new Projects({ database: test.database, changes })
      await projects.createProject(systemPermit, { name: top })
      await projects.createProject(systemPermit, { name: `${top}/below` })
    })

    const close = (project: string, tags: string, repositories = '**') =>
      rules.createRule(systemPermit, project, { effect: 'immutable', repositories, tags })
    const allow = (project: string, tags: string) =>
      rules.createRule(systemPermit, project, { effect: 'mutable', repositories: '**', tags })
    const refused = { kind: 'tagImmutable' }

    it('refuses to move and to delete, and names the rule', async () => {
      const rule = await close(top, 'v*')
      const digest = await berth.pushImage(repo, 'v1', ['one'])
      const details = [{ tag: 'v1', ruleId: rule.id, project: top, repositories: '**', tags: 'v*' }]
      await expect(berth.pushImage(repo, 'v1', ['two'])).rejects.toMatchObject({
        ...refused,
        details,
      })
      await expect(berth.remove(repo, 'v1')).rejects.toMatchObject({ ...refused, details })
      await expect(berth.remove(repo, digest)).rejects.toMatchObject({ ...refused, details })
      expect((await berth.pull(repo, 'v1')).digest).toBe(digest)
    })

    it('a refused push keeps nothing of the manifest', async () => {
      await close(top, 'v*')
      await berth.pushImage(repo, 'v1', ['one'])
      const elsewhere = await berth.pushImage(`${repo}/other`, 'free', ['two'])
      await expect(berth.pushImage(repo, 'v1', ['two'])).rejects.toMatchObject(refused)
      await expect(berth.pull(repo, elsewhere)).rejects.toMatchObject({ kind: 'manifestUnknown' })
    })

    it('lets pass a new tag, the same digest again, and tags that no rule covers', async () => {
      await close(top, 'v*')
      const digest = await berth.pushImage(repo, 'v1', ['one'])
      expect(await berth.pushImage(repo, 'v1', ['one'])).toBe(digest)
      await berth.pushImage(repo, 'latest', ['one'])
      await berth.pushImage(repo, 'latest', ['two'])
      await berth.remove(repo, 'latest')
    })

    it('of two first pushes of one tag at once only one wins', async () => {
      await close(top, 'v*')
      await Promise.all(['one', 'two'].map((layer) => berth.pushImage(repo, undefined, [layer])))
      const outcomes = await Promise.allSettled(
        ['one', 'two', 'one', 'two'].map((layer) => berth.pushImage(repo, 'v1', [layer])),
      )
      const digests = outcomes.flatMap((outcome) =>
        outcome.status === 'fulfilled' ? [outcome.value] : [],
      )
      expect(new Set(digests).size).toBe(1)
      expect((await berth.pull(repo, 'v1')).digest).toBe(digests[0])
    })

    it('asks the nearest project first, within one in the order of the rules', async () => {
      await close(top, '**')
      await allow(`${top}/below`, 'nightly')
      const free = `${top}/below/app`
      await berth.pushImage(free, 'nightly', ['one'])
      await berth.pushImage(free, 'nightly', ['two'])
      await berth.pushImage(free, 'v1', ['one'])
      await expect(berth.pushImage(free, 'v1', ['two'])).rejects.toMatchObject(refused)

      const late = await allow(top, 'v1')
      const before = await rules.listRules(top)
      expect(await rules.explain(name(free), parseTagName('v1'), top)).toMatchObject({
        effect: 'immutable',
      })
      const order = [late.id, ...before.map(({ id }) => id).filter((id) => id !== late.id)]
      await rules.orderRules(systemPermit, top, order)
      expect(await rules.explain(name(free), parseTagName('v1'), top)).toMatchObject({
        id: late.id,
      })
      await berth.pushImage(free, 'v1', ['two'])
    })

    it('covers repositories by their whole name, and rules of the instance hold everywhere', async () => {
      const rule = await close('', 'forever', `${top}/{app,tool}`)
      await berth.pushImage(repo, 'forever', ['one'])
      await berth.pushImage(`${top}/lib`, 'forever', ['one'])
      await berth.pushImage(`${top}/lib`, 'forever', ['two'])
      await expect(berth.remove(repo, 'forever')).rejects.toMatchObject(refused)
      await rules.deleteRule(systemPermit, '', rule.id)
      await berth.remove(repo, 'forever')
      expect(await rules.explain(name(repo), parseTagName('forever'), '')).toBeUndefined()
      await expect(
        rules.explain(name(repo), parseTagName('forever'), `${top}x`),
      ).rejects.toMatchObject({ kind: 'requestInvalid' })
    })

    it('a changed rule holds at once', async () => {
      const rule = await close(top, 'v*')
      await berth.pushImage(repo, 'v1', ['one'])
      const changed = await rules.updateRule(
        systemPermit,
        top,
        rule.id,
        { effect: 'mutable' },
        rule.version,
      )
      expect(changed).toMatchObject({ effect: 'mutable', tags: 'v*', version: 2 })
      await berth.pushImage(repo, 'v1', ['two'])
      const stale = rules.deleteRule(systemPermit, top, rule.id, rule.version)
      await expect(stale).rejects.toMatchObject({ kind: 'versionMismatch' })
    })

    it('refuses what is no glob, too many rules, an order that is none, and rules of other projects', async () => {
      await expect(close(top, 'v[0-9]')).rejects.toMatchObject({
        kind: 'requestInvalid',
        details: [{ field: 'tags' }],
      })
      const rule = await close(top, 'v*')
      await expect(rules.orderRules(systemPermit, top, [rule.id, rule.id])).rejects.toMatchObject({
        kind: 'requestInvalid',
      })
      await expect(rules.deleteRule(systemPermit, '', rule.id)).rejects.toMatchObject({
        kind: 'notFound',
      })
      await expect(close('missing', 'v*')).rejects.toMatchObject({ kind: 'notFound' })
      for (let count = 1; count < 100; count += 1) await close(top, `w${count}`)
      await expect(close(top, 'x')).rejects.toMatchObject({ kind: 'conflict' })
    })

    it('an immutable tag among several keeps the manifest and all its tags', async () => {
      await close(top, 'v*')
      const digest = await berth.pushImage(repo, 'v1', ['one'])
      await berth.pushImage(repo, 'latest', ['one'])
      await expect(
        berth.registry.manifests.deleteManifest(name(repo), { kind: 'digest', digest }, writer),
      ).rejects.toMatchObject(refused)
      expect((await berth.pull(repo, 'latest')).digest).toBe(digest)
    })
  })
})
