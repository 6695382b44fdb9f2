import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ClientError } from '@berth/client/client-error.ts'
import { parseImageReference } from '@berth/client/image-reference.ts'
import { artifactManifest, emptyConfig, emptyConfigText } from '@berth/oci/artifact-manifest.ts'
import { type Digest, makeDigest } from '@berth/oci/digest.ts'
import { parseManifest } from '@berth/oci/manifest.ts'
import { OCI_IMAGE_MANIFEST } from '@berth/oci/media-type.ts'
import { advisoryArchiveMediaType } from '@berth/scanner/advisories/archive-format.ts'
import { exportAdvisories } from '@berth/scanner/advisories/export-archive.ts'
import { importAdvisories } from '@berth/scanner/advisories/import-archive.ts'
import type { AdvisoryData } from '@berth/scanner/finding.ts'
import type { CommandContext } from '../context.ts'
import { parseTagArgument } from '../image-argument.ts'

/** Puts the advisories of `file` into a registry under a tag: a way over an air gap that every registry offers. */
export async function pushAdvisories(
  context: CommandContext,
  image: string,
  file: string,
): Promise<Digest> {
  const reference = parseImageReference(image)
  const { signal } = context
  const archive = `${file}.${randomUUID()}.push`
  try {
    const { builtAt } = await exportAdvisories(file, archive, { signal })
    const layer = await describeFile(archive)
    const bytes = Buffer.from(
      artifactManifest({
        artifactType: advisoryArchiveMediaType,
        layer,
        annotations: { 'org.opencontainers.image.created': builtAt },
      }),
    )
    const place = (await context.client()).repository(reference)
    await context.output.withProgress(async ({ onTransfer }) => {
      const options = { signal, onTransfer }
      await place.putBlob(
        emptyConfig,
        async (start) => Readable.from([Buffer.from(emptyConfigText.slice(start))]),
        options,
      )
      await place.putBlob(layer, async (start) => createReadStream(archive, { start }), options)
    })
    const digest = digestOf(bytes)
    const tag = reference.tag ?? parseTagArgument('latest')
    await place.putManifest(
      {
        descriptor: { mediaType: OCI_IMAGE_MANIFEST, digest, size: bytes.length },
        bytes,
        parsed: parseManifest(bytes, OCI_IMAGE_MANIFEST),
      },
      [tag],
      signal,
    )
    return digest
  } finally {
    await rm(archive, { force: true })
  }
}

/** Brings in what `pushAdvisories` put there. Throws `inputInvalid` for an artifact of another kind. */
export async function pullAdvisories(
  context: CommandContext,
  image: string,
  file: string,
): Promise<AdvisoryData> {
  const { tag, digest, ...address } = parseImageReference(image)
  const { signal } = context
  const place = (await context.client()).repository(address)
  const { parsed } = await place.readManifest(
    digest === undefined
      ? { kind: 'tag', tag: tag ?? parseTagArgument('latest') }
      : { kind: 'digest', digest },
    signal,
  )
  const layer = parsed.layers.find(({ mediaType }) => mediaType === advisoryArchiveMediaType)
  if (layer === undefined) {
    throw new ClientError('inputInvalid', `${image} holds no advisories of Berth.`, {
      next: 'They are put there with: berth advisories push …',
    })
  }
  const archive = `${file}.${randomUUID()}.pull`
  try {
    const hash = createHash('sha256')
    await pipeline(
      await place.openBlob(layer, { signal }),
      async function* (chunks) {
        for await (const chunk of chunks) {
          hash.update(chunk as Buffer)
          yield chunk as Buffer
        }
      },
      createWriteStream(archive, { flags: 'wx', mode: 0o600 }),
    )
    if (makeDigest('sha256', hash.digest('hex')) !== layer.digest) {
      throw new ClientError('digestMismatch', `What came for ${layer.digest} is other content.`)
    }
    return await importAdvisories(archive, file, { signal })
  } finally {
    await rm(archive, { force: true })
  }
}

async function describeFile(path: string) {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  const digest = makeDigest('sha256', hash.digest('hex'))
  return { mediaType: advisoryArchiveMediaType, digest, size: (await stat(path)).size }
}

function digestOf(bytes: Buffer): Digest {
  return makeDigest('sha256', createHash('sha256').update(bytes).digest('hex'))
}
