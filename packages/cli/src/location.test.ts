import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatLocation, holdsOnePlatform, parseLocation } from './location.ts'

const digest = `sha256:${'a'.repeat(64)}`

test.each([
  ['127.0.0.1:5000/acme/api:1.4', { kind: 'registry' }],
  ['acme/api', { kind: 'registry' }],
  ['docker://ghcr.io/acme/api', { kind: 'registry' }],
  ['docker.io/library/docker:28', { kind: 'registry' }],
  ['oci:out', { kind: 'layout', folder: 'out', name: undefined, digest: undefined }],
  ['oci:../out/images:1.4', { kind: 'layout', folder: '../out/images', name: '1.4' }],
  [`oci:out@${digest}`, { kind: 'layout', folder: 'out', digest }],
  ['oci:user@host/out:1', { kind: 'layout', folder: 'user@host/out', name: '1' }],
  ['oci-archive:api.tar:1.4', { kind: 'ociArchive', file: 'api.tar', name: '1.4' }],
  ['docker-archive:-', { kind: 'dockerArchive', file: '-', name: undefined }],
  [
    'docker-archive:api.tar:127.0.0.1:5000/acme/api:1.4',
    { kind: 'dockerArchive', file: 'api.tar', name: '127.0.0.1:5000/acme/api:1.4' },
  ],
  ['docker:acme/api:1.4', { kind: 'engine', engine: 'docker', image: 'acme/api:1.4' }],
  ['podman:localhost/api', { kind: 'engine', engine: 'podman', image: 'localhost/api' }],
])('%s', (text, expected) => {
  expect(parseLocation(text)).toMatchObject(expected)
})

test.each(['', 'oci:', 'oci::1', 'oci:out:', 'docker:', 'docker-archive:', 'https://ghcr.io/a/b'])(
  '%j is refused',
  (text) => {
    expect(() => parseLocation(text)).toThrow(expect.objectContaining({ kind: 'referenceInvalid' }))
  },
)

test('what is written can be read again', () => {
  const path = fc.stringMatching(/^[a-zA-Z0-9._/-]{1,30}$/)
  const name = fc.option(fc.stringMatching(/^[a-z0-9]{1,9}(?:[/:][a-z0-9]{1,9}){0,3}$/))
  const kind = fc.constantFrom('oci', 'oci-archive', 'docker-archive')
  fc.assert(
    fc.property(kind, path, name, fc.boolean(), (prefix, where, called, isPinned) => {
      const tail = `${called === null ? '' : `:${called}`}${isPinned ? `@${digest}` : ''}`
      const text = `${prefix}:${where}${tail}`
      expect(formatLocation(parseLocation(text))).toBe(text)
    }),
  )
})

test('a docker archive and an engine have room for one platform', () => {
  expect(holdsOnePlatform(parseLocation('docker:a'))).toBe(true)
  expect(holdsOnePlatform(parseLocation('docker-archive:a.tar'))).toBe(true)
  expect(holdsOnePlatform(parseLocation('oci:a'))).toBe(false)
})
