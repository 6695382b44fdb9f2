import { parseRepositoryName } from '@berth/oci/reference.ts'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { InstanceRole } from '../actor.ts'
import { instanceRoleAllows } from './authorize.ts'
import { formatScopes, grantScopes, parseScope, type ScopeOwner, toGrants } from './scopes.ts'

const roles = ['none', 'reader', 'developer', 'admin'] as const

/** One who has this role in every repository. */
function owner(role: InstanceRole): ScopeOwner {
  return {
    may: (action) => Promise.resolve(instanceRoleAllows(role, action)),
    mayList: instanceRoleAllows(role, 'catalog'),
  }
}

const granting = async (scopes: readonly string[], role: InstanceRole) =>
  formatScopes(await grantScopes(scopes, owner(role)))

describe('parseScope', () => {
  it.each([
    ['repository:app:pull', 'repository', 'app', ['pull']],
    ['repository:team/app:pull,push', 'repository', 'team/app', ['pull', 'push']],
    ['repository:host:5000/team/app:pull', 'repository', 'host:5000/team/app', ['pull']],
    ['repository(plugin):team/app:pull', 'repository', 'team/app', ['pull']],
    ['repository:app:*', 'repository', 'app', ['*']],
    ['repository:app:pull,', 'repository', 'app', ['pull']],
    ['registry:catalog:*', 'registry', 'catalog', ['*']],
  ])('reads %s', (text, type, name, actions) => {
    expect(parseScope(text)).toEqual({ type, name, actions })
  })

  it.each([
    '',
    ':',
    '::',
    'repository',
    'repository:app',
    'repository::pull',
    'repository:app:',
    'repository:app:,',
    ':app:pull',
    'repository(:app:pull',
    'repository():app:pull',
    'Repository:app:pull',
    'repository:a:b:c:pull',
  ])('does not take %j for a scope', (text) => {
    expect(parseScope(text)).toBeUndefined()
  })

  it('reads back what it is made of, whatever the parts', () => {
    const word = fc.stringMatching(/^[a-z0-9]{1,8}$/)
    const name = fc
      .tuple(
        fc.option(fc.stringMatching(/^[a-z]{1,9}:[0-9]{1,5}$/)),
        fc.array(word, { minLength: 1, maxLength: 4 }),
      )
      .map(([host, path]) => [...(host === null ? [] : [host]), ...path].join('/'))
    const actions = fc.array(fc.constantFrom('pull', 'push', 'delete', '*', 'other'), {
      minLength: 1,
      maxLength: 5,
    })
    fc.assert(
      fc.property(word, fc.option(word), name, actions, (type, kind, name, actions) => {
        const text = `${type}${kind === null ? '' : `(${kind})`}:${name}:${actions.join(',')}`
        expect(parseScope(text)).toEqual({ type, name, actions })
      }),
    )
  })

  it('answers for any text without throwing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
        parseScope(text)
      }),
    )
  })
})

describe('grantScopes', () => {
  it('grants the intersection of the wish and the role', async () => {
    const wish = ['repository:team/app:pull,push,delete', 'registry:catalog:*']
    const granted = (role: InstanceRole) => granting(wish, role)
    expect(await granted('none')).toBe('')
    expect(await granted('reader')).toBe('repository:team/app:pull registry:catalog:*')
    expect(await granted('developer')).toBe('repository:team/app:pull,push registry:catalog:*')
    expect(await granted('admin')).toBe('repository:team/app:pull,push,delete registry:catalog:*')
  })

  it('spells "*" out as what the role has', async () => {
    expect(await granting(['repository:a:*'], 'admin')).toBe('repository:a:pull,push,delete')
    expect(await granting(['repository:a:*'], 'developer')).toBe('repository:a:pull,push')
  })

  it('takes several scopes repeated or joined by spaces, and merges those of one repository', async () => {
    const wish = ['repository:a:pull repository:b:pull', 'repository:a:push', 'repository:b:pull']
    expect(await granting(wish, 'developer')).toBe('repository:a:pull,push repository:b:pull')
  })

  it('leaves out what is unknown, malformed or no repository name', async () => {
    const wish = [
      'nonsense',
      'repository:A:pull',
      'repository:host:5000/a:pull',
      'repository:../etc:pull',
      'repository:a:fly',
      'registry:catalog:pull',
      'registry:users:*',
      'cluster:x:pull',
      'repository:b:pull',
    ]
    expect(await granting(wish, 'admin')).toBe('repository:b:pull')
  })

  it('refuses more than 64 scopes or more than 6 KiB of them', async () => {
    const scopes = Array.from({ length: 64 }, (_, index) => `repository:r${index}:pull`)
    expect(await grantScopes(scopes, owner('reader'))).toHaveLength(64)
    const refused = { kind: 'requestInvalid' }
    await expect(granting([...scopes, 'repository:r64:pull'], 'reader')).rejects.toMatchObject(
      refused,
    )
    await expect(
      granting([`${scopes.join(' ')} repository:r64:pull`], 'reader'),
    ).rejects.toMatchObject(refused)
    await expect(granting(['x'.repeat(6145)], 'reader')).rejects.toMatchObject(refused)
  })

  it('never grants more than was asked or than the role has, and only on valid names', async () => {
    const part = fc.constantFrom(
      'repository',
      'registry',
      'repository(x)',
      'catalog',
      'a',
      'a/b',
      'A',
      'h:1/a',
      '..',
      '',
      '*',
      'pull',
      'push',
      'pull,push',
      'delete,*',
      'x',
    )
    const scope = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(':'))
    await fc.assert(
      fc.asyncProperty(
        fc.array(scope, { maxLength: 20 }),
        fc.constantFrom(...roles),
        async (scopes, role) => {
          const ceiling = {
            none: '',
            reader: 'pull',
            developer: 'pull,push',
            admin: 'pull,push,delete',
          }[role]
          for (const { type, name, actions } of await grantScopes(scopes, owner(role))) {
            expect(role).not.toBe('none')
            if (type === 'registry') {
              const asked = scopes.map(parseScope).filter((wish) => wish?.name === 'catalog')
              expect(asked.some((wish) => wish?.actions.includes('*'))).toBe(true)
              continue
            }
            expect(parseRepositoryName(name)).toBe(name)
            expect(actions.length).toBeGreaterThan(0)
            for (const action of actions) {
              expect(ceiling.split(',')).toContain(action)
              const asked = scopes.map(parseScope).filter((wish) => wish?.name === name)
              expect(
                asked.some((wish) => wish?.actions.includes(action) || wish?.actions.includes('*')),
              ).toBe(true)
            }
          }
        },
      ),
    )
  })

  it('answers for any text without an error other than a limit', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'binary-ascii' }), { maxLength: 10 }),
        async (scopes) => {
          const granted = await grantScopes(scopes, owner('admin'))
          expect(toGrants(granted).repositories.size).toBeLessThanOrEqual(granted.length)
        },
      ),
    )
  })
})

it('a delete scope is worth having for who may only delete tags', async () => {
  const may: ScopeOwner['may'] = (action) => Promise.resolve(action === 'deleteTag')
  expect(formatScopes(await grantScopes(['repository:a:*'], { may, mayList: false }))).toBe(
    'repository:a:delete',
  )
})
