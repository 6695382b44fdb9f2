import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { knownFields, readDescriptor, reportDisguisedFields } from './descriptor.ts'
import { isDigest } from './digest.ts'

const digest = `sha256:${'0'.repeat(64)}`
const plain = { mediaType: 'application/octet-stream', digest, size: 0 }

function read(value: unknown) {
  const faults: [path: string, fault: string][] = []
  const descriptor = readDescriptor(value, 'config', (path, fault) => faults.push([path, fault]))
  return { descriptor, paths: faults.map(([path]) => path) }
}

describe('readDescriptor', () => {
  test('keeps every field of the spec and drops the others', () => {
    const full = {
      ...plain,
      urls: ['https://example.com/a'],
      annotations: { 'org.example': 'x', '': '' },
      data: 'e30=',
      artifactType: 'application/vnd.example',
      platform: {
        architecture: 'unknown',
        os: 'unknown',
        'os.version': '10',
        'os.features': ['win32k'],
        variant: 'v8',
        features: [],
      },
    }
    expect(read({ ...full, newcomer: { a: 1 } })).toEqual({ descriptor: full, paths: [] })
    expect(read(plain)).toEqual({ descriptor: plain, paths: [] })
  })

  test('null is absent where a field is optional, and so is an empty artifact type', () => {
    const nulls = { urls: null, annotations: null, data: null, artifactType: '', platform: null }
    expect(read({ ...plain, ...nulls })).toEqual({ descriptor: plain, paths: [] })
    expect(read({ ...plain, platform: { os: null } }).descriptor?.platform).toEqual({})
  })

  test('a member __proto__ of the annotations survives', () => {
    const annotations: unknown = JSON.parse('{"__proto__":"x"}')
    const { descriptor } = read({ ...plain, annotations })
    expect(JSON.stringify(descriptor?.annotations)).toBe('{"__proto__":"x"}')
  })

  test.each([
    ['config', undefined],
    ['config', null],
    ['config', []],
    ['config', 'sha256'],
    ['config.mediaType', { ...plain, mediaType: undefined }],
    ['config.mediaType', { ...plain, mediaType: '' }],
    ['config.mediaType', { ...plain, mediaType: 1 }],
    ['config.mediaType', { ...plain, mediaType: 'a/b\r\nx' }],
    ['config.mediaType', { ...plain, mediaType: 'a/b ' }],
    ['config.mediaType', { ...plain, mediaType: 'é/b' }],
    ['config.mediaType', { ...plain, mediaType: `a/${'b'.repeat(254)}` }],
    ['config.digest', { ...plain, digest: undefined }],
    ['config.digest', { ...plain, digest: 1 }],
    ['config.digest', { ...plain, digest: '' }],
    ['config.digest', { ...plain, digest: digest.toUpperCase() }],
    ['config.size', { ...plain, size: undefined }],
    ['config.size', { ...plain, size: -1 }],
    ['config.size', { ...plain, size: 1.5 }],
    ['config.size', { ...plain, size: '1' }],
    ['config.size', { ...plain, size: 2 ** 53 }],
    ['config.size', { ...plain, size: null }],
    ['config.urls', { ...plain, urls: 'https://example.com' }],
    ['config.urls', { ...plain, urls: [1] }],
    ['config.annotations', { ...plain, annotations: [] }],
    ['config.annotations.a', { ...plain, annotations: { a: 1 } }],
    ['config.annotations["a.b"]', { ...plain, annotations: { 'a.b': null } }],
    ['config.data', { ...plain, data: 'e30' }],
    ['config.data', { ...plain, data: '=e30' }],
    ['config.data', { ...plain, data: 'a===' }],
    ['config.data', { ...plain, data: 'e-_=' }],
    ['config.data', { ...plain, data: {} }],
    ['config.artifactType', { ...plain, artifactType: [] }],
    ['config.platform', { ...plain, platform: 'linux' }],
    ['config.platform.os', { ...plain, platform: { os: 1 } }],
    ['config.platform["os.features"]', { ...plain, platform: { 'os.features': 'a' } }],
    ['config.Digest', { ...plain, Digest: digest }],
    ['config["\u017fize"]', { ...plain, '\u017fize': 1 }],
    ['config.platForm', { ...plain, platForm: {} }],
  ])('reports %s of %j and nothing else', (path, value) => {
    expect(read(value)).toEqual({ descriptor: undefined, paths: [path] })
  })

  test('reports every fault of a descriptor at once', () => {
    expect(read({ size: '1', urls: 1, annotations: { a: 1, b: 2 } }).paths).toEqual([
      'config.mediaType',
      'config.digest',
      'config.size',
      'config.urls',
      'config.annotations.a',
      'config.annotations.b',
    ])
  })

  test('gives a descriptor or at least one fault, whatever the value', () => {
    const field = fc.oneof(fc.jsonValue(), fc.constantFrom(digest, 0, 'a/b', ['x'], { a: 'b' }))
    const near = fc.record(
      {
        mediaType: field,
        digest: field,
        size: field,
        urls: field,
        annotations: field,
        data: field,
        artifactType: field,
        platform: field,
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.oneof(near, fc.jsonValue()), (value) => {
        const { descriptor, paths } = read(value)
        expect(descriptor === undefined).toBe(paths.length > 0)
        if (descriptor === undefined) return
        expect(isDigest(descriptor.digest)).toBe(true)
        expect(Number.isSafeInteger(descriptor.size) && descriptor.size >= 0).toBe(true)
        expect(descriptor.mediaType.length).toBeLessThan(256)
      }),
      { numRuns: 2000 },
    )
  })

  test('takes megabytes of data', () => {
    const data = 'A'.repeat(1 << 22)
    expect(read({ ...plain, data }).descriptor?.data).toHaveLength(1 << 22)
    expect(read({ ...plain, data: `${data}!aaa` }).paths).toEqual(['config.data'])
  })
})

test('a field disguised by its case is found, whatever letters it uses', () => {
  const known = knownFields(['layers', 'mediaType'])
  const found = (value: Readonly<Record<string, unknown>>) => {
    const paths: string[] = []
    reportDisguisedFields(value, known, '', (path) => paths.push(path))
    return paths
  }
  expect(found({ layers: 1, mediaType: 1, layer: 1, 'media type': 1, constructor: 1 })).toEqual([])
  expect(found({ Layers: 1, LAYERS: 1, mediatype: 1, MediaType: 1 })).toHaveLength(4)
  expect(found({ 'layer\u017f': 1 })).toEqual(['["layer\u017f"]'])
})
