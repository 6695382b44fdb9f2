import { parseRepositoryName } from '@berth/oci/reference.ts'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Role } from '../actor.ts'
import { formatScopes, grantScopes, parseScope, toGrants } from './scopes.ts'

const roles: (Role | undefined)[] = [undefined, 'reader', 'writer', 'admin']

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
  it('grants the intersection of the wish and the role', () => {
    const wish = ['repository:team/app:pull,push,delete', 'registry:catalog:*']
    const granted = (role: Role | undefined) => formatScopes(grantScopes(wish, role))
    expect(granted(undefined)).toBe('')
    expect(granted('reader')).toBe('repository:team/app:pull registry:catalog:*')
    expect(granted('writer')).toBe('repository:team/app:pull,push registry:catalog:*')
    expect(granted('admin')).toBe('repository:team/app:pull,push,delete registry:catalog:*')
  })

  it('spells "*" out as what the role has', () => {
    expect(formatScopes(grantScopes(['repository:a:*'], 'admin'))).toBe(
      'repository:a:pull,push,delete',
    )
    expect(formatScopes(grantScopes(['repository:a:*'], 'writer'))).toBe('repository:a:pull,push')
  })

  it('takes several scopes repeated or joined by spaces, and merges those of one repository', () => {
    const wish = ['repository:a:pull repository:b:pull', 'repository:a:push', 'repository:b:pull']
    expect(formatScopes(grantScopes(wish, 'writer'))).toBe(
      'repository:a:pull,push repository:b:pull',
    )
  })

  it('leaves out what is unknown, malformed or no repository name', () => {
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
    expect(formatScopes(grantScopes(wish, 'admin'))).toBe('repository:b:pull')
  })

  it('refuses more than 64 scopes or more than 6 KiB of them', () => {
    const scopes = Array.from({ length: 64 }, (_, index) => `repository:r${index}:pull`)
    expect(grantScopes(scopes, 'reader')).toHaveLength(64)
    const refused = { kind: 'requestInvalid' }
    expect(() => grantScopes([...scopes, 'repository:r64:pull'], 'reader')).toThrow(
      expect.objectContaining(refused),
    )
    expect(() => grantScopes([`${scopes.join(' ')} repository:r64:pull`], 'reader')).toThrow(
      expect.objectContaining(refused),
    )
    expect(() => grantScopes(['x'.repeat(6145)], 'reader')).toThrow(
      expect.objectContaining(refused),
    )
  })

  it('never grants more than was asked or than the role has, and only on valid names', () => {
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
    fc.assert(
      fc.property(fc.array(scope, { maxLength: 20 }), fc.constantFrom(...roles), (scopes, role) => {
        const ceiling = {
          none: '',
          reader: 'pull',
          writer: 'pull,push',
          admin: 'pull,push,delete',
        }[role ?? 'none']
        for (const { type, name, actions } of grantScopes(scopes, role)) {
          expect(role).toBeDefined()
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
      }),
    )
  })

  it('answers for any text without an error other than a limit', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary-ascii' }), { maxLength: 10 }), (scopes) => {
        const granted = grantScopes(scopes, 'admin')
        expect(toGrants(granted).repositories.size).toBeLessThanOrEqual(granted.length)
      }),
    )
  })
})
