import { isClientError } from '@berth/client/client-error.ts'
import type { ContentSource } from '@berth/client/content.ts'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import type { Digest } from '@berth/oci/digest.ts'
import { parseTagName } from '@berth/oci/reference.ts'
import { mapLimited } from '../limited.ts'
import {
  attachmentSuffixes,
  attestedDigest,
  namePredicate,
  nameReferrer,
  nameSuffix,
} from './attachment-kinds.ts'
import type { AttachmentReport } from './image-report.ts'
import type { ImageSummaries, ImageSummary } from './image-summary.ts'

const atOnce = 8
const referrersMax = 1000
const subjectsMax = 50

export type Attachments = {
  readonly found: readonly AttachmentReport[]
  /** Why not everything could be asked for. */
  readonly fault: string | undefined
}

/**
 * Everything that is about the image or one of its platforms: referrers, BuildKit's attestations in the index, and what
 * cosign 2 keeps under tags. A registry that refuses to list is no failure; `fault` tells it.
 */
export async function readAttachments(
  source: ContentSource,
  summary: ImageSummary,
  given: { summaries: ImageSummaries; chosen: Digest | undefined; signal: AbortSignal },
): Promise<Attachments> {
  const inIndex = await readAttestations(summary, given.summaries)
  const attestations = new Set<string>(inIndex.map(({ digest }) => digest))
  const subjects = [summary.digest, ...summary.parsed.manifests.map(({ digest }) => digest)]
    .filter((digest) => !attestations.has(digest))
    .slice(0, subjectsMax)
  const found: AttachmentReport[] = []
  let fault: string | undefined
  const asked = mapLimited(subjects, atOnce, async (digest) => {
    try {
      return await readReferrers(source, digest, given.signal)
    } catch (error) {
      if (!isClientError(error, 'denied', 'unsupported', 'serverFault')) throw error
      fault = error.message
      return []
    }
  })
  for (const referrers of await asked) found.push(...referrers)
  const tagged = [
    ...new Set([summary.digest, ...(given.chosen === undefined ? [] : [given.chosen])]),
  ]
  found.push(...(await readTagged(source, tagged, given.signal)))
  const known = new Set(inIndex.map(({ digest }) => digest))
  return { found: [...inIndex, ...found.filter(({ digest }) => !known.has(digest))], fault }
}

async function readReferrers(
  source: ContentSource,
  digest: Digest,
  signal: AbortSignal,
): Promise<AttachmentReport[]> {
  const found: AttachmentReport[] = []
  for await (const referrer of source.listReferrers(digest, signal)) {
    if (found.length === referrersMax) break
    found.push(toReport(referrer, nameReferrer(referrer), digest, 'referrers'))
  }
  return found
}

/** One line for each thing that an attestation manifest of BuildKit states. */
async function readAttestations(
  { parsed }: ImageSummary,
  summaries: ImageSummaries,
): Promise<AttachmentReport[]> {
  const entries = parsed.manifests.flatMap((child) => {
    const about = attestedDigest(child)
    return about === undefined ? [] : [{ child, about }]
  })
  const read = await mapLimited(entries, atOnce, async ({ child, about }) => {
    const layers = (await summaries.readDigest(child.digest))?.parsed.layers ?? []
    const predicates = layers.flatMap(
      ({ annotations }) => annotations?.['in-toto.io/predicate-type'] ?? [],
    )
    const kinds =
      predicates.length === 0 ? ['attestation (BuildKit)'] : predicates.map(namePredicate)
    return [...new Set(kinds)].map((kind) => toReport(child, kind, about, 'index'))
  })
  return read.flat()
}

async function readTagged(
  source: ContentSource,
  digests: readonly Digest[],
  signal: AbortSignal,
): Promise<AttachmentReport[]> {
  const tags = digests.flatMap((digest) =>
    attachmentSuffixes.map((suffix) => ({
      digest,
      suffix,
      tag: parseTagName(`${digest.replace(':', '-').slice(0, 120)}.${suffix}`),
    })),
  )
  const read = await mapLimited(tags, atOnce, async ({ digest, suffix, tag }) => {
    const there = await source.resolve({ kind: 'tag', tag }, signal)
    return there === undefined ? [] : [toReport(there, nameSuffix(suffix), digest, 'tag')]
  })
  return read.flat()
}

function toReport(
  { digest, size, artifactType }: Descriptor,
  kind: string,
  about: string,
  found: AttachmentReport['found'],
): AttachmentReport {
  return { kind, digest, artifactType: artifactType ?? null, size, about, found }
}
