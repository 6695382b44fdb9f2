import { describe, expect, test } from 'vitest'
import { bestKey, bestNamespaceKey, dockerKey, isKeyOf, parseRegistryKey } from './registry-key.ts'

describe('parseRegistryKey', () => {
  test.each([
    ['ghcr.io', 'ghcr.io', undefined],
    ['127.0.0.1:5000', '127.0.0.1:5000', undefined],
    ['https://127.0.0.1:5000/v2/', '127.0.0.1:5000', undefined],
    ['http://registry:5000', 'registry:5000', undefined],
    ['registry.example.com/v1/', 'registry.example.com', undefined],
    ['https://index.docker.io/v1/', 'docker.io', undefined],
    ['docker.io', 'docker.io', undefined],
    ['quay.io/acme/api', 'quay.io', 'acme/api'],
    ['docker.io/acme', 'docker.io', 'acme'],
    ['https://quay.io/acme/api', 'quay.io', undefined],
    ['*.dkr.ecr.*.amazonaws.com', '*.dkr.ecr.*.amazonaws.com', undefined],
  ])('%s', (key, registry, namespace) => {
    expect(parseRegistryKey(key)).toEqual({ registry, namespace })
  })

  test.each([
    '',
    'not a host',
    '*.com',
    '*',
    'example.*',
    '*.example.com/path',
    'https://index.docker.io/v1/access-token',
    'https://index.docker.io/v1/refresh-token',
  ])('%j is no key of a registry', (key) => {
    expect(parseRegistryKey(key)).toBeUndefined()
  })
})

describe('bestKey', () => {
  test('takes the spelling that docker writes before others', () => {
    const keys = ['https://r.example.com/v2/', 'r.example.com', 'http://r.example.com']
    expect(bestKey(keys, 'r.example.com')).toBe('r.example.com')
    const hub = ['docker.io', 'https://index.docker.io/v1/', 'index.docker.io']
    expect(bestKey(hub, 'docker.io')).toBe(dockerKey('docker.io'))
  })

  test('takes a name before a pattern, and of patterns the narrowest', () => {
    const keys = ['*.example.com', 'a*.example.com', 'a.*.com']
    expect(bestKey(keys, 'abc.example.com')).toBe('a*.example.com')
    expect(bestKey([...keys, 'abc.example.com'], 'abc.example.com')).toBe('abc.example.com')
    expect(bestKey(keys, 'b.example.com')).toBe('*.example.com')
  })

  test('a pattern matches within one label', () => {
    expect(bestKey(['*.example.com'], 'a.b.example.com')).toBeUndefined()
    expect(bestKey(['*.example.com'], 'example.com')).toBeUndefined()
    expect(bestKey(['*.example.com:5000'], 'a.example.com')).toBeUndefined()
    expect(bestKey(['*.example.com:5000'], 'a.example.com:5000')).toBe('*.example.com:5000')
    expect(bestKey(['a*b*c.example.com'], 'a-b-c.example.com')).toBe('a*b*c.example.com')
    expect(bestKey(['a*b*c.example.com'], 'a-c.example.com')).toBeUndefined()
  })

  test('takes no time for a pattern made to take it', () => {
    const pattern = `${'*a'.repeat(2000)}.example.com`
    const started = performance.now()
    expect(bestKey([pattern], `${'a'.repeat(1999)}.example.com`)).toBeUndefined()
    expect(performance.now() - started).toBeLessThan(500)
  })

  test('a path below the registry is not the registry', () => {
    expect(bestKey(['quay.io/acme'], 'quay.io')).toBeUndefined()
  })
})

describe('bestNamespaceKey', () => {
  const keys = ['quay.io', 'quay.io/acme', 'quay.io/acme/api', 'quay.io/ac', 'ghcr.io/acme/api/x']

  test.each([
    ['acme/api', 'quay.io/acme/api'],
    ['acme/api/deep', 'quay.io/acme/api'],
    ['acme/apis', 'quay.io/acme'],
    ['ac/me', 'quay.io/ac'],
    ['acm', undefined],
  ])('for %s', (repository, key) => {
    expect(bestNamespaceKey(keys, 'quay.io', repository)).toBe(key)
  })
})

test('isKeyOf finds every spelling, and the further secrets of Docker Hub', () => {
  const keys = [
    'https://index.docker.io/v1/',
    'https://index.docker.io/v1/access-token',
    'https://index.docker.io/v1/refresh-token',
    'docker.io',
    'docker.io/acme',
    'ghcr.io',
  ]
  expect(keys.filter((key) => isKeyOf(key, 'docker.io'))).toEqual(keys.slice(0, 4))
})
