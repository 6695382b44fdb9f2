import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isDigest } from './digest.ts'
import { parseManifest } from './manifest.ts'
import {
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  isImageManifestMediaType,
  isIndexMediaType,
  isMediaType,
  OCI_IMAGE_INDEX,
  OCI_IMAGE_MANIFEST,
} from './media-type.ts'
import { OciError } from './oci-error.ts'

const digestOf = (digit: string) => `sha256:${digit.repeat(64)}`
const config = {
  mediaType: 'application/vnd.oci.image.config.v1+json',
  digest: digestOf('a'),
  size: 2,
}
const layer = {
  mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
  digest: digestOf('b'),
  size: 0,
}
const child = {
  mediaType: OCI_IMAGE_MANIFEST,
  digest: `sha512:${'c'.repeat(128)}`,
  size: 700,
  platform: { architecture: 'unknown', os: 'unknown' },
}
const subject = { mediaType: OCI_IMAGE_MANIFEST, digest: digestOf('d'), size: 500 }
const image = { schemaVersion: 2, mediaType: OCI_IMAGE_MANIFEST, config, layers: [layer] }
const index = { schemaVersion: 2, mediaType: OCI_IMAGE_INDEX, manifests: [child] }

/** Any UTF-16 unit, so broken surrogates too. The units that fast-check names take a second to set up. */
const anyUnit = fc.nat(0xffff).map((code) => String.fromCharCode(code))

const parse = (body: unknown, contentType?: string) =>
  parseManifest(new TextEncoder().encode(JSON.stringify(body)), contentType)

/** The paths of the faults for which the manifest is refused. */
function refused(body: unknown, contentType?: string): unknown[] {
  try {
    parse(body, contentType)
  } catch (error) {
    if (!(error instanceof OciError)) throw error
    expect(error.kind).toBe('manifestInvalid')
    return error.details.map((detail) => detail.path)
  }
  throw new Error('accepted')
}

describe('an image manifest', () => {
  test('gives its config, layers, subject and annotations', () => {
    const annotations = { 'org.opencontainers.image.created': '2026-01-01T00:00:00Z' }
    expect(parse({ ...image, subject, annotations, 'org.example': [1] })).toEqual({
      kind: 'image',
      mediaType: OCI_IMAGE_MANIFEST,
      artifactType: config.mediaType,
      config,
      layers: [layer],
      manifests: [],
      subject,
      annotations,
    })
  })

  test('takes its artifact type from itself before its config', () => {
    expect(parse({ ...image, artifactType: 'application/vnd.example' }).artifactType).toBe(
      'application/vnd.example',
    )
    expect(parse({ ...image, artifactType: '' }).artifactType).toBe(config.mediaType)
  })

  test('is read alike in the schema 2 of Docker', () => {
    const parsed = parse({ ...image, mediaType: DOCKER_MANIFEST }, DOCKER_MANIFEST)
    expect(parsed).toMatchObject({ kind: 'image', mediaType: DOCKER_MANIFEST, layers: [layer] })
  })

  test('may have no layers, written as an empty array or as null', () => {
    expect(parse({ ...image, layers: [] }).layers).toEqual([])
    expect(parse({ ...image, layers: null }).layers).toEqual([])
  })

  test.each([
    ['config', { ...image, config: undefined }],
    ['config', { ...image, config: null }],
    ['layers', { ...image, layers: undefined }],
    ['layers', { ...image, layers: {} }],
    ['layers[1]', { ...image, layers: [layer, null] }],
    ['layers[1].digest', { ...image, layers: [layer, { ...layer, digest: 'sha256:ab' }] }],
    ['subject', { ...image, subject: 'x' }],
    ['subject.size', { ...image, subject: { ...subject, size: -1 } }],
    ['annotations.a', { ...image, annotations: { a: 1 } }],
    ['artifactType', { ...image, artifactType: 1 }],
    ['schemaVersion', { ...image, schemaVersion: 3 }],
    ['schemaVersion', { ...image, schemaVersion: '2' }],
    ['schemaVersion', { ...image, schemaVersion: null }],
    ['mediaType', { ...image, mediaType: 1 }],
    ['mediaType', { ...image, mediaType: 'a/b\r\n' }],
    ['Layers', { ...image, Layers: [] }],
    ['["layer\u017f"]', { ...image, 'layer\u017f': [] }],
  ])('is refused for its %s', (path, body) => {
    expect(refused(body, OCI_IMAGE_MANIFEST)).toEqual([path])
  })
})

describe('an index', () => {
  test('gives its manifests and its subject, and an artifact type only if it has one', () => {
    expect(parse({ ...index, subject })).toEqual({
      kind: 'index',
      mediaType: OCI_IMAGE_INDEX,
      artifactType: undefined,
      config: undefined,
      layers: [],
      manifests: [child],
      subject,
      annotations: {},
    })
    expect(parse({ ...index, artifactType: 'a/b' }).artifactType).toBe('a/b')
  })

  test('may hold indexes, layer blobs, or nothing', () => {
    const manifests = [{ ...child, mediaType: OCI_IMAGE_INDEX }, layer]
    expect(parse({ ...index, manifests }).manifests).toEqual(manifests)
    expect(parse({ ...index, manifests: [] }).manifests).toEqual([])
    expect(parse({ ...index, manifests: null }).manifests).toEqual([])
    expect(parse({ ...index, mediaType: DOCKER_MANIFEST_LIST }).kind).toBe('index')
  })

  test.each([
    ['manifests', { ...index, manifests: undefined }],
    ['manifests', { ...index, manifests: 'x' }],
    ['manifests[0].platform.os', { ...index, manifests: [{ ...child, platform: { os: 1 } }] }],
    ['schemaVersion', { ...index, schemaVersion: 1 }],
  ])('is refused for its %s', (path, body) => {
    expect(refused(body, OCI_IMAGE_INDEX)).toEqual([path])
  })
})

describe('the media type', () => {
  test('is that of the body and the header together, whose parameters do not count', () => {
    expect(parse(image, `${OCI_IMAGE_MANIFEST}; charset=utf-8`).mediaType).toBe(OCI_IMAGE_MANIFEST)
    expect(parse(image, OCI_IMAGE_MANIFEST.toUpperCase()).mediaType).toBe(OCI_IMAGE_MANIFEST)
    expect(parse(image, '').mediaType).toBe(OCI_IMAGE_MANIFEST)
  })

  test.each([
    [image, OCI_IMAGE_INDEX],
    [image, DOCKER_MANIFEST],
    [image, 'application/json'],
    [index, OCI_IMAGE_MANIFEST],
    [{ mediaType: 'application/vnd.a' }, 'application/vnd.b'],
  ])('is refused when the two differ', (body, contentType) => {
    expect(refused(body, contentType)).toEqual(['mediaType'])
  })

  test.each([undefined, '', ' ;x', 'application/json', 'text/plain; charset=utf-8'])(
    'is inferred from the fields when the body has none and the header is %j',
    (contentType) => {
      const { mediaType: _, ...bare } = image
      expect(parse(bare, contentType).mediaType).toBe(OCI_IMAGE_MANIFEST)
      expect(parse({ ...bare, mediaType: '' }, contentType).kind).toBe('image')
      expect(parse({ ...index, mediaType: null }, contentType).mediaType).toBe(OCI_IMAGE_INDEX)
      expect(refused({ ...bare, manifests: [] }, contentType)).toEqual(['config', 'layers'])
      expect(refused({ ...bare, schemaVersion: 1 }, contentType)).toEqual(['schemaVersion'])
    },
  )

  test('is that of the header when only the header tells', () => {
    const { mediaType: _, ...bare } = image
    expect(parse(bare, DOCKER_MANIFEST).mediaType).toBe(DOCKER_MANIFEST)
    expect(parse({ config: {} }, 'application/json').kind).toBe('opaque')
  })

  test('is refused when nothing tells it, or when it is not a media type', () => {
    expect(refused({}, undefined)).toEqual(['mediaType'])
    expect(refused({ config, layers: null }, undefined)).toEqual(['mediaType'])
    expect(refused({}, 'manifest')).toEqual([''])
    expect(refused({}, `application/${'a'.repeat(128)}`)).toEqual([''])
  })

  test('schemaVersion may be absent but not another', () => {
    const { schemaVersion: _, ...bare } = image
    expect(parse(bare).kind).toBe('image')
  })
})

describe('schema 1', () => {
  const signed = 'application/vnd.docker.distribution.manifest.v1+prettyjws'
  const body = { schemaVersion: 1, name: 'a', tag: 'b', fsLayers: [], history: [] }

  test.each([undefined, 'application/json', signed, OCI_IMAGE_MANIFEST, 'application/vnd.x'])(
    'is refused with the header %j',
    (contentType) => {
      expect(refused(body, contentType)).toEqual(['schemaVersion'])
    },
  )

  test('is refused by its media type alone, in the header or in the body', () => {
    const { mediaType: _, ...bare } = image
    expect(refused(bare, signed)).toEqual(['schemaVersion'])
    expect(refused({}, signed.replace('prettyjws', 'json'))).toEqual(['schemaVersion'])
    expect(refused({ mediaType: signed }, undefined)).toEqual(['schemaVersion'])
  })
})

describe('a document that is two things at once (CVE-2021-41190)', () => {
  test('is refused as an image and as an index', () => {
    const both = { schemaVersion: 2, config, layers: [], manifests: [] }
    expect(refused(both, OCI_IMAGE_MANIFEST)).toEqual(['manifests'])
    expect(refused(both, DOCKER_MANIFEST)).toEqual(['manifests'])
    expect(refused(both, OCI_IMAGE_INDEX)).toEqual(['config', 'layers'])
    expect(refused(both, DOCKER_MANIFEST_LIST)).toEqual(['config', 'layers'])
    expect(refused({ ...image, fsLayers: [] })).toEqual(['fsLayers'])
    expect(refused({ ...index, layers: [] })).toEqual(['layers'])
  })

  test('is not one that merely writes the other list as null', () => {
    expect(parse({ ...image, manifests: null }).kind).toBe('image')
    expect(parse({ ...index, config: null, layers: null }).kind).toBe('index')
  })
})

describe('a manifest of another media type', () => {
  test('is opaque: nothing of it is read', () => {
    const body = { ...image, mediaType: 'application/vnd.Example+json', subject, layers: [1] }
    expect(parse(body, 'application/vnd.Example+json')).toEqual({
      kind: 'opaque',
      mediaType: 'application/vnd.Example+json',
      artifactType: undefined,
      config: undefined,
      layers: [],
      manifests: [],
      subject: undefined,
      annotations: {},
    })
  })

  test.each([[[]], ['x'], [1], [null]])('must still be a JSON object, not %j', (body) => {
    expect(refused(body, 'application/vnd.example+json')).toEqual([''])
  })
})

describe('faults', () => {
  test('are reported together', () => {
    const body = { ...image, config: { ...config, size: -1 }, layers: [{}], subject: 1 }
    expect(refused(body)).toEqual([
      'config.size',
      'layers[0].mediaType',
      'layers[0].digest',
      'layers[0].size',
      'subject',
    ])
  })

  test('are at most 20', () => {
    const layers = Array.from({ length: 30_000 }, () => ({ ...layer, size: -1 }))
    const paths = refused({ ...image, layers })
    expect(paths).toHaveLength(20)
    expect(paths.at(-1)).toBe('layers[19].size')
  })

  test('name a repeated key', () => {
    const text = JSON.stringify(image).replace('"size":2', '"size":2,"siz\\u0065":3')
    expect(() => parseManifest(new TextEncoder().encode(text), undefined)).toThrow('config.size')
  })
})

describe('whatever the bytes are', () => {
  const types = [OCI_IMAGE_MANIFEST, OCI_IMAGE_INDEX, DOCKER_MANIFEST, DOCKER_MANIFEST_LIST]
  const contentType = fc.option(
    fc.oneof(fc.constantFrom(...types, 'application/json', 'application/vnd.x'), fc.string()),
    { nil: undefined },
  )

  /** Either a refusal of bounded size, or a manifest that keeps every promise of its type. */
  function check(payload: Uint8Array, header: string | undefined): 'refused' | 'accepted' {
    let parsed: ReturnType<typeof parseManifest>
    try {
      parsed = parseManifest(payload, header)
    } catch (error) {
      if (!(error instanceof OciError)) throw error
      expect(error.kind).toBe('manifestInvalid')
      expect(error.details.length).toBeGreaterThan(0)
      expect(error.details.length).toBeLessThanOrEqual(20)
      expect(error.message.length).toBeLessThan(8000)
      return 'refused'
    }
    const { kind, mediaType, config, layers, manifests, subject } = parsed
    expect(isMediaType(mediaType)).toBe(true)
    expect(kind === 'image').toBe(isImageManifestMediaType(mediaType))
    expect(kind === 'index').toBe(isIndexMediaType(mediaType))
    expect(config !== undefined).toBe(kind === 'image')
    if (kind !== 'image') expect(layers).toEqual([])
    if (kind !== 'index') expect(manifests).toEqual([])
    if (kind === 'opaque') expect(subject).toBeUndefined()
    for (const item of [config, subject, ...layers, ...manifests]) {
      if (item !== undefined) expect(isDigest(item.digest)).toBe(true)
    }
    return 'accepted'
  }

  test('arbitrary bytes are read or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), contentType, (payload, header) => {
        check(payload, header)
      }),
      { numRuns: 2000 },
    )
  })

  test('arbitrary JSON is read or refused', () => {
    fc.assert(
      fc.property(fc.json({ stringUnit: anyUnit, maxDepth: 3 }), contentType, (text, header) => {
        check(new TextEncoder().encode(text), header)
      }),
      { numRuns: 1000 },
    )
  })

  const full = {
    ...image,
    subject,
    annotations: { a: 'b' },
    layers: [layer, { ...layer, urls: ['https://a'], data: '', annotations: { c: 'd' } }],
  }
  const valid = fc.constantFrom<unknown>(full, { ...index, subject }, image, { manifests: [] })
  const piece = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom<fc.JsonValue>(-1, 2 ** 53, '', null, {}, [], digestOf('A'), 'a/b', '__proto__'),
  )

  /** Puts `replacement` in place of the value that is reached by always taking the next number's member, or adds it as `key`. */
  function graft(value: unknown, steps: number[], key: string, replacement: unknown): unknown {
    const step = steps[0]
    if (typeof value !== 'object' || value === null || step === undefined) return replacement
    const entries = Object.entries(value)
    const chosen = step % (entries.length + 1)
    const grown = entries.map(([name, item], at): [string, unknown] => [
      name,
      at === chosen ? graft(item, steps.slice(1), key, replacement) : item,
    ])
    if (chosen === entries.length) grown.push([key, replacement])
    return Array.isArray(value) ? grown.map(([, item]) => item) : Object.fromEntries(grown)
  }

  test('valid manifests with a part replaced are read or refused', () => {
    const seen = { refused: 0, accepted: 0 }
    const newcomer = fc.constantFrom('x', '__proto__', 'manifests', 'fsLayers', 'Size', 'data')
    const steps = fc.array(fc.nat(20), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(valid, steps, newcomer, piece, contentType, (body, steps, key, value, header) => {
        const text = JSON.stringify(graft(body, steps, key, value))
        seen[check(new TextEncoder().encode(text), header)] += 1
      }),
      { numRuns: 5000 },
    )
    expect(Math.min(seen.refused, seen.accepted)).toBeGreaterThan(200)
  })

  test('valid manifests with bytes changed, cut or doubled are read or refused', () => {
    const place = fc.nat(2000)
    fc.assert(
      fc.property(valid, place, place, fc.nat(255), contentType, (body, from, to, byte, header) => {
        const payload = new TextEncoder().encode(JSON.stringify(body))
        payload[from % payload.length] = byte
        check(payload, header)
        check(payload.subarray(0, to % payload.length), header)
        check(Uint8Array.from([...payload, ...payload.subarray(to % payload.length)]), header)
      }),
      { numRuns: 2000 },
    )
  })

  test('a manifest that is written comes back as it was', () => {
    const digest = fc
      .string({
        unit: fc.constantFrom(...'0123456789abcdef'.split('')),
        minLength: 64,
        maxLength: 64,
      })
      .map((hex) => `sha256:${hex}`)
    const text = fc.string({ unit: anyUnit, maxLength: 10 })
    const map = fc.dictionary(text, text, { maxKeys: 4, noNullPrototype: true })
    const descriptor = fc.record(
      {
        mediaType: fc.constantFrom('a/b', 'application/vnd.example+json', 'text/plain; a=b'),
        digest,
        size: fc.maxSafeNat(),
        urls: fc.array(text, { maxLength: 2 }),
        annotations: map,
        data: fc.base64String(),
        artifactType: fc.constant('a/b'),
        platform: fc.record({ architecture: text, os: text }),
      },
      { requiredKeys: ['mediaType', 'digest', 'size'] },
    )
    fc.assert(
      fc.property(
        fc.constantFrom(...types),
        descriptor,
        fc.array(descriptor, { maxLength: 4 }),
        fc.option(descriptor, { nil: undefined }),
        map,
        (mediaType, config, list, subject, annotations) => {
          const lists = isIndexMediaType(mediaType) ? { manifests: list } : { config, layers: list }
          const body = { schemaVersion: 2, mediaType, ...lists, subject, annotations }
          expect(parse(body, mediaType)).toMatchObject({
            mediaType,
            ...lists,
            subject,
            annotations,
          })
        },
      ),
    )
  })

  test('4 MiB of layers take a fraction of a second', () => {
    const payload = new TextEncoder().encode(
      JSON.stringify({ ...image, layers: Array.from({ length: 28_000 }, () => layer) }),
    )
    expect(payload.length).toBeGreaterThan(4_000_000)
    const started = performance.now()
    expect(parseManifest(payload, OCI_IMAGE_MANIFEST).layers).toHaveLength(28_000)
    expect(performance.now() - started).toBeLessThan(3000)
  })
})
