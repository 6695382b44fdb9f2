import { describe, expect, it } from 'vitest'
import { workloads } from './workload-schema.ts'

const issuer = { issuer: 'https://ci.example', audience: 'berth' }
const accepts = (...list: unknown[]) => workloads.safeParse(list).success

describe('access.workloads', () => {
  it('needs an issuer and an audience, and has safe defaults', () => {
    expect(workloads.parse([issuer])).toEqual([
      {
        ...issuer,
        algorithms: ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'],
        maxTokenAgeSeconds: 86_400,
      },
    ])
    expect(workloads.parse(undefined)).toEqual([])
    expect([accepts({ issuer: 'https://x' }), accepts({ audience: 'x' })]).toEqual([false, false])
  })

  it.each(['none', 'HS256', 'HS512', 'rs256', 'dir'])('refuses the algorithm %s', (algorithm) => {
    expect(accepts({ ...issuer, algorithms: [algorithm] })).toBe(false)
  })

  it.each([
    [{ jwksUrl: 'https://keys.example/jwks' }, true],
    [{ jwksUrl: 'http://127.0.0.1:8080/jwks' }, true],
    [{ jwksUrl: 'http://keys.example/jwks' }, false],
    [{ jwksUrl: 'https://user:secret@keys.example/jwks' }, false],
    [{ jwksUrl: 'file:///etc/passwd' }, false],
    [{ jwksUrl: 'keys' }, false],
    [{ jwksFile: '/etc/berth/keys.json' }, true],
    [{ jwksFile: 'keys.json' }, false],
    [{ jwksFile: '/a', jwksUrl: 'https://keys.example' }, false],
    [{ issuer: 'kubernetes/serviceaccount', jwksFile: '/a' }, true],
    [{ issuer: 'kubernetes/serviceaccount' }, false],
    [{ issuer: 'http://ci.example' }, false],
    [{ algorithms: [] }, false],
    [{ maxTokenAgeSeconds: 0 }, false],
    [{ key: 'x' }, false],
  ])('of %j says %j', (change, expected) => {
    expect(accepts({ ...issuer, ...change })).toBe(expected)
  })

  it('refuses the same issuer twice', () => {
    expect(accepts(issuer, { ...issuer, audience: 'other' })).toBe(false)
  })
})
