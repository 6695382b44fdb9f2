import {
  type Algorithm,
  type Descriptor,
  descriptor,
  digestOf,
  encode,
  encodeIndex,
  freshBytes,
  types,
} from './content.ts'

export type Sample = {
  name: string
  blobs: { bytes: Buffer; digest: string }[]
  /** In the order in which they have to be pushed; the last one gets the tag. */
  manifests: { bytes: Buffer; digest: string; mediaType: string }[]
}

const emptyJson = Buffer.from('{}')

/** Gathers the blobs and manifests of one sample, with digests of one algorithm. */
class SampleBuilder {
  readonly algorithm: Algorithm
  readonly sample: Sample

  constructor(name: string, algorithm: Algorithm = 'sha256') {
    this.algorithm = algorithm
    this.sample = { name, blobs: [], manifests: [] }
  }

  blob(mediaType: string, bytes: Buffer, more: object = {}): Descriptor {
    const described = descriptor(mediaType, bytes, this.algorithm)
    this.sample.blobs.push({ bytes, digest: described.digest })
    return { ...described, ...more }
  }

  manifest(bytes: Buffer, mediaType: string): Descriptor {
    const described = descriptor(mediaType, bytes, this.algorithm)
    this.sample.manifests.push({ bytes, digest: described.digest, mediaType })
    return described
  }

  image(more: object = {}): Descriptor {
    const config = this.blob(
      types.config,
      encode({ os: 'linux', id: freshBytes(4).toString('hex') }),
    )
    const layers = [this.blob(types.layer, freshBytes(150)), this.blob(types.layer, freshBytes(90))]
    const mediaType = types.image
    return this.manifest(
      encode({ schemaVersion: 2, mediaType, config, layers, ...more }),
      mediaType,
    )
  }

  artifact(more: object = {}): Descriptor {
    return this.image({
      artifactType: types.artifact,
      config: this.blob(types.empty, emptyJson),
      layers: [this.blob(types.artifact, freshBytes(60))],
      ...more,
    })
  }

  index(manifests: readonly Descriptor[], more: object = {}): Descriptor {
    return this.manifest(encodeIndex(manifests, more), types.index)
  }

  platforms(more: object = {}): Descriptor[] {
    return ['amd64', 'arm64'].map((architecture) => ({
      ...this.image(more),
      platform: { os: 'linux', architecture },
    }))
  }
}

function sampleOf(name: string, build: (builder: SampleBuilder) => void): Sample {
  const builder = new SampleBuilder(name)
  build(builder)
  return builder.sample
}

const absent = { mediaType: types.image, digest: digestOf('no such manifest'), size: 123 }

function withoutMediaType(bytes: Buffer): Buffer {
  const { mediaType: _, ...rest } = JSON.parse(bytes.toString()) as { mediaType: string }
  return encode(rest)
}

/** One of each shape of manifest that a registry has to take. */
export function manifestSamples(): Sample[] {
  return [
    sampleOf('image', (it) => it.image()),
    sampleOf('image of 3.9 MB', (it) => {
      const entries = Array.from({ length: 390 }, (_, at) => [`note-${at}`, 'A'.repeat(10_000)])
      it.image({ annotations: Object.fromEntries(entries) as object })
    }),
    sampleOf('image without layers', (it) => it.image({ layers: [] })),
    sampleOf('image whose layers are null', (it) => it.image({ layers: null })),
    sampleOf('image with an empty blob', (it) =>
      it.image({ layers: [it.blob(types.layer, Buffer.alloc(0))] }),
    ),
    sampleOf('image without mediaType', (it) => {
      const layers = [it.blob(types.layer, freshBytes(9))]
      const config = it.blob(types.config, encode({ id: freshBytes(4).toString('hex') }))
      const bytes = encode({ schemaVersion: 2, config, layers })
      it.manifest(withoutMediaType(bytes), types.image)
    }),
    sampleOf('image with data in its descriptors', (it) => {
      const layer = freshBytes(40)
      const config = encode({ id: freshBytes(4).toString('hex') })
      it.image({
        config: it.blob(types.config, config, { data: config.toString('base64') }),
        layers: [it.blob(types.layer, layer, { data: layer.toString('base64') })],
      })
    }),
    sampleOf('image with non-distributable layers', (it) => {
      const foreign = ['tar', 'tar+gzip', 'tar+zstd'].map((kind) => {
        const mediaType = `application/vnd.oci.image.layer.nondistributable.v1.${kind}`
        return { ...descriptor(mediaType, freshBytes(20)), urls: ['https://store.example/x'] }
      })
      it.image({ layers: [...foreign, it.blob(types.layer, freshBytes(30))] })
    }),
    sampleOf("image of Docker's", (it) => {
      const config = it.blob('application/vnd.docker.container.image.v1+json', freshBytes(30))
      const layers = [
        it.blob('application/vnd.docker.image.rootfs.diff.tar.gzip', freshBytes(30)),
        {
          ...descriptor('application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', freshBytes(9)),
          urls: ['https://store.example/x'],
        },
      ]
      const mediaType = types.dockerImage
      const child = it.manifest(encode({ schemaVersion: 2, mediaType, config, layers }), mediaType)
      const manifests = [{ ...child, platform: { os: 'linux', architecture: 'amd64' } }]
      const list = { schemaVersion: 2, mediaType: types.dockerList, manifests }
      it.manifest(encode(list), types.dockerList)
    }),
    sampleOf('index', (it) => it.index(it.platforms())),
    sampleOf('index in an index', (it) =>
      it.index([it.index(it.platforms()), it.index(it.platforms())]),
    ),
    sampleOf('index without manifests', (it) => it.index([])),
    sampleOf('index without mediaType', (it) => {
      const bytes = encodeIndex(it.platforms())
      it.manifest(withoutMediaType(bytes), types.index)
    }),
    sampleOf('index with an attestation', (it) => {
      const unknown = { os: 'unknown', architecture: 'unknown' }
      const annotations = { 'vnd.docker.reference.type': 'attestation-manifest' }
      it.index([...it.platforms(), { ...it.artifact(), platform: unknown, annotations }])
    }),
    sampleOf('index of blobs', (it) =>
      it.index([
        it.blob(types.layer, freshBytes(50)),
        it.blob('application/vnd.buildkit.cacheconfig.v0', freshBytes(50)),
      ]),
    ),
    sampleOf('artifact', (it) => it.artifact()),
    sampleOf('artifact without layers', (it) =>
      it.artifact({ layers: [it.blob(types.empty, emptyJson)] }),
    ),
    sampleOf('index of artifacts', (it) =>
      it.index([it.artifact(), it.artifact()], { artifactType: types.artifact }),
    ),
    sampleOf('artifact with a subject', (it) => it.artifact({ subject: it.image() })),
    sampleOf('artifact with an absent subject', (it) => it.artifact({ subject: absent })),
    sampleOf('image with a subject', (it) => it.image({ subject: it.image() })),
    sampleOf('index with a subject', (it) =>
      it.index([it.artifact()], { subject: it.index([]), artifactType: types.artifact }),
    ),
    sampleOf('index with an absent subject', (it) => it.index([it.image()], { subject: absent })),
    sampleOf('fields that no specification names', (it) => {
      const custom = { 'org.example.custom': { deep: [1, 2.5, null, 'ü\u2028', true] }, Zz: 1e3 }
      it.index([{ ...it.image(custom), ...custom }], custom)
    }),
    sampleOf('bytes that no encoder would write', (it) => {
      const config = it.blob(types.empty, emptyJson)
      const head = `\n{ "layers" : [ ],\t"schemaVersion": 2.0e0,\r\n "config" : ${JSON.stringify(config)}`
      it.manifest(Buffer.from(`${head}, "x":"\\u00e9\\/" }\n\n`), types.image)
    }),
    sampleOf('something of a type that nobody knows', (it) =>
      it.manifest(encode({ hello: freshBytes(4).toString('hex') }), 'application/vnd.example+json'),
    ),
  ]
}

/** The shapes once more, with digests of sha512 all through. */
export function sha512Samples(): Sample[] {
  return (['image', 'index', 'artifact'] as const).map((kind) => {
    const builder = new SampleBuilder(`${kind} by sha512`, 'sha512')
    if (kind === 'index') builder.index(builder.platforms())
    else if (kind === 'artifact') builder.artifact({ subject: builder.image() })
    else builder.image()
    return builder.sample
  })
}
