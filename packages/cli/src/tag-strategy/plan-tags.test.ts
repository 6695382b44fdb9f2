import { parseTagName } from '@berth/oci/reference.ts'
import fc from 'fast-check'
import semver from 'semver'
import { describe, expect, test } from 'vitest'
import { placeholders } from './pattern.ts'
import { planTags, type TagContext, tagsToSet } from './plan-tags.ts'
import { strategyNames } from './strategy-name.ts'

const plain: TagContext = {
  version: undefined,
  revision: 'dd8a906c32bafae37454360eb6a1d3f478e8366f',
  isDirty: false,
  branch: 'main',
  mainBranch: 'main',
  environment: undefined,
  time: new Date('2026-11-27T18:24:43Z'),
  existing: new Set(),
}

const set = (context: Partial<TagContext>, ...strategies: string[]): readonly string[] =>
  tagsToSet(planTags({ ...plain, ...context }, strategies))

describe('strategies', () => {
  test('semver sets the version and its shorter forms', () => {
    expect(set({ version: '1.2.3' }, 'semver')).toEqual(['1.2.3', '1.2', '1'])
    expect(set({ version: 'v1.2.3+build.5' }, 'semver')).toEqual(['1.2.3_build.5', '1.2', '1'])
    expect(set({ version: '1.2.3-rc.1' }, 'semver')).toEqual(['1.2.3-rc.1'])
    expect(set({ version: '0.4.1' }, 'semver')).toEqual(['0.4.1', '0.4'])
    expect(set({ version: '1.2' }, 'semver')).toEqual([])
    expect(set({}, 'semver')).toEqual([])
  })

  test('semver leaves out shorter forms that a higher version has', () => {
    const existing = new Set(['1.2.9', '1.3.0-rc.1', '1.2', '1', 'latest'])
    expect(set({ version: '1.2.8', existing }, 'semver')).toEqual(['1.2.8'])
    expect(set({ version: '1.2.10', existing }, 'semver')).toEqual(['1.2.10', '1.2', '1'])
    const newer = new Set([...existing, '1.10.0'])
    expect(set({ version: '1.2.10', existing: newer }, 'semver')).toEqual(['1.2.10', '1.2'])
  })

  test('revision, branch and time', () => {
    const context = { branch: 'feature/Über #7', isDirty: true }
    expect(set(context, 'revision')).toEqual(['dd8a906c32ba-dirty'])
    expect(set(context, 'branch-revision')).toEqual(['feature-ber-7-dd8a906c32ba-dirty'])
    expect(set({}, 'timestamp')).toEqual(['20261127T182443Z'])
    expect(set({ environment: 'staging' }, 'environment')).toEqual(['staging'])
    expect(set({ revision: undefined, branch: undefined }, 'revision', 'branch-revision')).toEqual(
      [],
    )
  })

  test('latest comes from the main branch alone, and not after a higher version', () => {
    expect(set({}, 'latest')).toEqual(['latest'])
    expect(set({ branch: 'next' }, 'latest')).toEqual([])
    expect(set({ branch: undefined }, 'latest')).toEqual([])
    expect(set({ mainBranch: undefined }, 'latest')).toEqual([])
    expect(set({ version: '2.0.0-rc.1' }, 'latest')).toEqual([])
    expect(set({ version: '1.9.0', existing: new Set(['2.0.0']) }, 'latest')).toEqual([])
  })

  test('names and patterns', () => {
    const context = { version: '1.2.3', environment: 'prod' }
    expect(set(context, 'stable', '{version}-{revision}', '{major}.x-{environment}')).toEqual([
      'stable',
      '1.2.3-dd8a906c32ba',
      '1.x-prod',
    ])
    expect(set({}, '{version}')).toEqual([])
  })

  test('each plan says whether a tag is new and why it is left out', () => {
    const existing = new Set(['latest'])
    expect(planTags({ ...plain, existing }, ['latest', 'revision', 'semver'])).toEqual([
      expect.objectContaining({ tag: 'latest', action: 'move' }),
      expect.objectContaining({ tag: 'dd8a906c32ba', action: 'create' }),
      expect.objectContaining({
        tag: undefined,
        action: 'leave',
        reason: expect.stringContaining('--version'),
      }),
    ])
    expect(planTags({ ...plain, existing: undefined }, ['latest'])[0]?.action).toBe('set')
  })
})

describe('whatever the context and the strategies are', () => {
  const number = fc.nat(4)
  const release = fc.tuple(number, number, number).map((parts) => parts.join('.'))
  const version = fc.oneof(
    release,
    fc.tuple(release, fc.stringMatching(/^[0-9A-Za-z]{1,5}$/)).map(([a, b]) => `${a}-x${b}`),
    fc.tuple(release, fc.stringMatching(/^[0-9A-Za-z]{1,200}$/)).map(([a, b]) => `${a}+${b}`),
    fc.string(),
  )
  const name = fc.oneof(
    fc.constantFrom('main', 'latest', '1', '1.2'),
    fc.string({ maxLength: 200 }),
  )
  const strategy = fc.oneof(
    fc.constantFrom(...strategyNames),
    fc.constantFrom(...placeholders).map((each) => `{${each}}`),
    fc.constantFrom('{major}.{minor}', '{version}-{branch}', 'latest', '1', 'a{'),
    fc.string(),
  )
  const context: fc.Arbitrary<TagContext> = fc.record({
    version: fc.option(version, { nil: undefined }),
    revision: fc.option(fc.stringMatching(/^[0-9a-f]{40}$/), { nil: undefined }),
    isDirty: fc.boolean(),
    branch: fc.option(name, { nil: undefined }),
    mainBranch: fc.option(name, { nil: undefined }),
    environment: fc.option(name, { nil: undefined }),
    time: fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }),
    existing: fc.option(
      fc.array(fc.oneof(release, fc.constantFrom('latest', '1', '1.2'))).map((all) => new Set(all)),
      { nil: undefined },
    ),
  })

  test('tags are valid and come once', () => {
    fc.assert(
      fc.property(context, fc.array(strategy, { maxLength: 8 }), (given, strategies) => {
        const tags = tagsToSet(planTags(given, strategies))
        for (const tag of tags) expect(parseTagName(tag).length).toBeLessThanOrEqual(128)
        expect(new Set(tags).size).toBe(tags.length)
      }),
    )
  })

  test('latest never comes from another branch', () => {
    fc.assert(
      fc.property(context, fc.array(strategy, { maxLength: 8 }), (given, strategies) => {
        const tags: readonly string[] = tagsToSet(planTags(given, [...strategies, 'latest']))
        const isMain = given.branch !== undefined && given.branch === given.mainBranch
        if (!isMain) expect(tags).not.toContain('latest')
      }),
    )
  })

  test('shorter forms never move backwards', () => {
    fc.assert(
      fc.property(context, release, fc.array(strategy, { maxLength: 4 }), (given, of, more) => {
        const existing = given.existing ?? new Set<string>()
        const set = { ...given, version: of, existing }
        const tags: readonly string[] = tagsToSet(planTags(set, ['semver', ...more]))
        const [major, minor] = of.split('.')
        for (const [line, range] of [
          [`${major}`, `${major}.x`],
          [`${major}.${minor}`, `${major}.${minor}.x`],
        ] as const) {
          const higher = [...existing].some(
            (tag) =>
              semver.valid(tag) !== null && semver.satisfies(tag, range) && semver.gt(tag, of),
          )
          if (higher) expect(tags).not.toContain(line)
          else if (line !== '0') expect(tags).toContain(line)
        }
      }),
    )
  })
})
