import { parseRepositoryName } from '@berth/oci/reference.ts'
import { describe, expect, it } from 'vitest'
import { isInScope, parseScopes } from './scope.ts'

function chosen(texts: readonly string[], names: readonly string[]): readonly string[] {
  const scopes = parseScopes(texts)
  return names.filter((name) => scopes.some((scope) => isInScope(scope, parseRepositoryName(name))))
}

const names = ['api', 'team/api', 'team/web', 'team/ml/trainer', 'other/api']

describe('parseScopes', () => {
  it.each([
    ['r.example.com', names],
    ['https://r.example.com/', names],
    ['r.example.com/*', ['api']],
    ['r.example.com/team/*', ['team/api', 'team/web']],
    ['r.example.com/team/**', ['team/api', 'team/web', 'team/ml/trainer']],
    ['r.example.com/*/api', ['team/api', 'other/api']],
    ['r.example.com/team/{api,web}', ['team/api', 'team/web']],
    ['localhost:5000/team/api', ['team/api']],
    ['127.0.0.1:5000/team', []],
  ])('%s means %j', (text, expected) => {
    expect(chosen([text], names)).toEqual(expected)
  })

  it('puts together what is said of one registry', () => {
    const scopes = parseScopes([
      'ghcr.io/acme/*',
      'ghcr.io/acme/api',
      'r.example.com',
      'GHCR.io/b/c',
    ])
    expect(
      scopes.map(({ registry, names: { size }, patterns, isWhole }) => [
        registry,
        size,
        patterns.length,
        isWhole,
      ]),
    ).toEqual([
      ['ghcr.io', 2, 1, false],
      ['r.example.com', 0, 1, true],
    ])
  })

  it.each([
    'acme/*',
    'acme',
    '',
    'r.example.com/UPPER',
    'r.example.com/a:1',
    'r.example.com/a[',
    '/x',
  ])('refuses %j', (text) => {
    expect(() => parseScopes([text])).toThrow(/./)
  })
})
