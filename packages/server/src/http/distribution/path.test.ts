import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BerthError } from '../../errors.ts'
import { matchPath } from './path.ts'

const digest = `sha256:${'0'.repeat(64)}`

describe('the path of a request', () => {
  it.each([
    ['/v2', 'base', '', ''],
    ['/v2/', 'base', '', ''],
    ['/v2/_catalog', 'catalog', '', ''],
    ['/v2/a/blobs/uploads/', 'uploads', 'a', ''],
    ['/v2/a/blobs/uploads', 'uploads', 'a', ''],
    ['/v2/a/blobs/uploads/1234', 'upload', 'a', '1234'],
    [`/v2/a/blobs/${digest}`, 'blob', 'a', digest],
    ['/v2/a/manifests/latest', 'manifest', 'a', 'latest'],
    [`/v2/a/b/c/manifests/${digest}`, 'manifest', 'a/b/c', digest],
    ['/v2/a/tags/list', 'tags', 'a', ''],
    [`/v2/a/referrers/${digest}`, 'referrers', 'a', digest],
  ])('end-* %s is %s', (path, shape, name, last) => {
    expect(matchPath(path)).toEqual({ shape, name, last, query: '' })
  })

  it.each([
    ['/v2/manifests/manifests/manifests/manifests', 'manifest', 'manifests/manifests', 'manifests'],
    ['/v2/a/blobs/uploads/manifests/latest', 'manifest', 'a/blobs/uploads', 'latest'],
    ['/v2/a/manifests/tags/list', 'tags', 'a/manifests', ''],
    ['/v2/tags/list/tags/list', 'tags', 'tags/list', ''],
    ['/v2/v2/v2/manifests/v2', 'manifest', 'v2/v2', 'v2'],
    ['/v2/blobs/uploads/blobs/uploads/', 'uploads', 'blobs/uploads', ''],
    ['/v2/blobs/uploads/blobs/uploads/id', 'upload', 'blobs/uploads', 'id'],
    [`/v2/x/blobs/blobs/${digest}`, 'blob', 'x/blobs', digest],
    ['/v2/a/tags/manifests/list', 'manifest', 'a/tags', 'list'],
  ])('end-* %s is read from its end', (path, shape, name, last) => {
    expect(matchPath(path)).toEqual({ shape, name, last, query: '' })
  })

  it('end-* escapes are decoded once, and the query is left alone', () => {
    expect(matchPath('/v2/foo%2Fbar/manifests/sha256%3Aabc?ns=docker.io%2F')).toEqual({
      shape: 'manifest',
      name: 'foo/bar',
      last: 'sha256:abc',
      query: 'ns=docker.io%2F',
    })
    expect(matchPath('/v2/a/manifests/%2541')?.last).toBe('%41')
  })

  it.each([
    '/',
    '/v1/',
    '/v2x',
    '/v2//',
    '/v2/a',
    '/v2/_catalog/',
    '/v2/manifests/latest',
    '/v2/tags/list',
    '/v2/blobs/uploads/',
    '/v2/blobs/uploads/id',
    '/v2//manifests/latest',
    '/v2/a/manifests/',
    '/v2/a/tags/list/',
    '/v2/a/tags/lists',
    '/v2/a/uploads/id',
    '/v2/_oci/ext/discover',
  ])('end-* %s is no endpoint', (path) => {
    expect(matchPath(path)).toBeUndefined()
  })

  it.each(['/v2/%', '/v2/a%2/manifests/x', '/v2/%zz/tags/list', '/v2/a/manifests/%ff'])(
    "end-* the broken escape in %s is the client's fault",
    (path) => {
      expect(() => matchPath(path)).toThrow(expect.objectContaining({ kind: 'requestInvalid' }))
    },
  )

  it('end-* any text is matched, refused or no endpoint, and a match gives its parts back', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'v2',
        'blobs',
        'uploads',
        'manifests',
        'tags',
        'list',
        'referrers',
        '_catalog',
      ),
      fc.string({ maxLength: 5 }),
      fc.constantFrom('', '%2F', '%', '..', '?', digest),
    )
    const target = fc.oneof(
      fc.array(piece, { maxLength: 8 }).map((pieces) => `/v2/${pieces.join('/')}`),
      fc.string(),
    )
    fc.assert(
      fc.property(target, (text) => {
        let match: ReturnType<typeof matchPath>
        try {
          match = matchPath(text)
        } catch (error) {
          expect(error).toBeInstanceOf(BerthError)
          return
        }
        if (match === undefined) return
        const decoded = decodeURIComponent(text.split('?', 1)[0] ?? '')
        expect(decoded.startsWith('/v2')).toBe(true)
        expect(decoded).toContain(match.name)
        expect(decoded.endsWith(match.last)).toBe(true)
      }),
      { numRuns: 5000 },
    )
  })

  it('end-* a path of a megabyte takes no longer than reading it', () => {
    const long = `/v2/${'a/blobs/uploads/'.repeat(65_000)}x`
    const start = performance.now()
    matchPath(long)
    expect(performance.now() - start).toBeLessThan(50)
  })
})
