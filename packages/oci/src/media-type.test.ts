import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  isForeignLayer,
  isImageManifestMediaType,
  isIndexMediaType,
  isMediaType,
  isSchema1,
  isUnspecific,
  OCI_IMAGE_INDEX,
  OCI_IMAGE_MANIFEST,
  parseMediaType,
} from './media-type.ts'

const manifests = [OCI_IMAGE_MANIFEST, DOCKER_MANIFEST, OCI_IMAGE_INDEX, DOCKER_MANIFEST_LIST]

describe('parseMediaType', () => {
  test('cuts off parameters and space', () => {
    for (const mediaType of manifests) {
      expect(parseMediaType(mediaType)).toBe(mediaType)
      expect(parseMediaType(`${mediaType}; charset=utf-8`)).toBe(mediaType)
      expect(parseMediaType(` ${mediaType}\t;a="b;c"`)).toBe(mediaType)
    }
    expect(parseMediaType('application/json;charset=utf-8')).toBe('application/json')
  })

  test('puts the case of known manifests right and keeps that of others', () => {
    expect(parseMediaType(OCI_IMAGE_INDEX.toUpperCase())).toBe(OCI_IMAGE_INDEX)
    expect(parseMediaType('Application/vnd.Docker.distribution.manifest.v1+PrettyJWS')).toBe(
      'application/vnd.docker.distribution.manifest.v1+prettyjws',
    )
    expect(parseMediaType('application/vnd.Example+json; v=1')).toBe('application/vnd.Example+json')
  })

  test.each([undefined, '', '   ', ';charset=utf-8', ' ; '])('finds none in %j', (text) => {
    expect(parseMediaType(text)).toBeUndefined()
  })

  test('reading what it read changes nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'aZ/;+ \t='.split('')) }), (text) => {
        const once = parseMediaType(text)
        expect(parseMediaType(once)).toBe(once)
      }),
    )
  })
})

test('the four manifests are sorted into images and indexes', () => {
  expect(manifests.map(isImageManifestMediaType)).toEqual([true, true, false, false])
  expect(manifests.map(isIndexMediaType)).toEqual([false, false, true, true])
  expect(manifests.some(isSchema1)).toBe(false)
  expect(isSchema1('application/vnd.docker.distribution.manifest.v1+json')).toBe(true)
  expect(isSchema1('application/vnd.docker.distribution.manifest.v1+prettyjws')).toBe(true)
})

test('only the foreign layer types are foreign', () => {
  const nondistributable = 'application/vnd.oci.image.layer.nondistributable.v1.tar'
  for (const suffix of ['', '+gzip', '+zstd']) {
    expect(isForeignLayer(nondistributable + suffix)).toBe(true)
  }
  expect(isForeignLayer('application/vnd.docker.image.rootfs.foreign.diff.tar.gzip')).toBe(true)
  expect(isForeignLayer('application/vnd.oci.image.layer.v1.tar+gzip')).toBe(false)
  expect(isForeignLayer('application/vnd.docker.image.rootfs.diff.tar.gzip')).toBe(false)
})

test('a media type is two names of at most 127 characters and a slash', () => {
  for (const text of [...manifests, 'a/b', `${'a'.repeat(127)}/${'b'.repeat(127)}`]) {
    expect(isMediaType(text)).toBe(true)
  }
  const wrong = ['', 'a', 'a/', '/b', 'a/b/c', 'a/b;c', 'a b/c', 'a/b\n', 'a/b\r\nx: y', 'é/b']
  for (const text of [...wrong, `a/${'b'.repeat(128)}`]) expect(isMediaType(text)).toBe(false)
})

test('a content type that any tool sends says nothing about the manifest', () => {
  expect(isUnspecific('application/JSON')).toBe(true)
  expect(isUnspecific('application/x-www-form-urlencoded')).toBe(true)
  expect(isUnspecific('application/vnd.example+json')).toBe(false)
  expect(manifests.some(isUnspecific)).toBe(false)
})
