import { ClientError } from '@berth/client/client-error.ts'
import type { ContentSource } from '@berth/client/content.ts'
import type { Reference } from '@berth/oci/reference.ts'
import type { Trust } from '@berth/signing/trust.ts'
import { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { formatBytes, formatDuration, shortDigest } from '../format.ts'
import { formatLocation, type Location, openSource, parseLocation } from '../location.ts'
import { lockedImages } from '../pull/locked-images.ts'
import { ParallelSource } from '../pull/parallel-source.ts'
import { type Verified, verifyImage } from '../pull/verify-image.ts'
import { formatTable } from '../table.ts'
import type { Judged } from '../sign/judge-signatures.ts'
import { predicateTypeOf } from '../sign/predicate-types.ts'
import { addTrustFlags, type TrustFlags, wantsTrust } from '../sign/trust-flags.ts'

type VerifyFlags = TrustFlags & {
  referrers?: boolean
  deep?: boolean
  lock?: string
  parallel: string
  attestation?: string
  signaturesOnly?: boolean
}

type Row = Verified & {
  readonly image: string
  readonly milliseconds: number
  /** Only when signatures were asked for. */
  readonly judged: Judged | undefined
}

/** `berth verify`: reads all of an image and compares it with its digests. */
export function verifyCommand(context: CommandContext): Command {
  const command = new Command('verify').description(
    'verify an image: every byte against its digest, and who signed it',
  )
  return addTrustFlags(command)
    .argument('[image...]', 'registry/repository:tag, oci:folder, oci-archive:file, docker:image')
    .option('--referrers', 'what refers to the image too: signatures, SBOMs')
    .option('--deep', 'unpack layers and compare them with what the config says')
    .option('--lock <file>', 'compare with the digests that this lock file pins')
    .option('--parallel <number>', 'blobs at a time', '6')
    .option('--attestation <type>', 'demand an attestation of this type instead of a signature')
    .option('--signatures-only', 'leave the blobs alone: only who signed')
    .addHelpText(
      'after',
      `
All platforms are read, each manifest and blob once. Faults do not end the
reading; with any, the exit code is 8. Without an image, --lock has everything
read that the file pins. With --key, --certificate-identity or
--notation-certificate a good signature is demanded as well, by any of them.
Everything for that is in the files named: no service is asked.

Examples:
  berth verify 127.0.0.1:5000/acme/api:1.4 --deep
  berth verify oci:./images:1.4 oci-archive:api.tar
  berth verify --key release.pub 127.0.0.1:5000/acme/api:1.4
  berth verify --certificate-identity 'https://github.com/acme/*' \
    --certificate-issuer https://token.actions.githubusercontent.com \
    --trusted-root trusted_root.json 127.0.0.1:5000/acme/api:1.4
  berth verify --lock build-lock.json`,
    )
    .action((images: string[], flags: VerifyFlags) => verify(context, images, flags))
}

async function verify(
  context: CommandContext,
  images: readonly string[],
  flags: VerifyFlags,
): Promise<void> {
  const { output, signal } = context
  const parallel = Number(flags.parallel)
  if (!Number.isInteger(parallel) || parallel < 1 || parallel > 64) {
    throw wrong(`--parallel ${flags.parallel} is not a number from 1 to 64.`)
  }
  const trust = wantsTrust(flags)
    ? await (await import('../sign/trust.ts')).readTrust(context, flags)
    : undefined
  if (trust === undefined && (flags.attestation !== undefined || flags.signaturesOnly === true)) {
    throw wrong(
      'Whose signatures count? Give --key, --certificate-identity or --notation-certificate.',
    )
  }
  const expect =
    flags.attestation === undefined
      ? ('signature' as const)
      : { predicateType: predicateTypeOf(flags.attestation) }
  const locations = await chooseLocations(images, flags.lock)
  const rows = await output.withProgress(async ({ onTransfer }) => {
    const all: Row[] = []
    for (const { location, pinned } of locations) {
      const start = performance.now()
      const opened = await openSource(location, context)
      try {
        const isRemote = location.kind === 'registry'
        const source = isRemote ? new ParallelSource(opened.source, parallel) : opened.source
        const verified =
          flags.signaturesOnly === true
            ? await onlyResolved(source, opened.reference, signal)
            : await verifyImage(source, opened.reference, {
                referrers: flags.referrers === true,
                deep: flags.deep === true,
                parallel,
                onTransfer,
                signal,
              })
        const judged = trust && (await judge(source, verified, trust, { expect, signal }))
        all.push({
          ...withPin(verified, pinned, flags.lock),
          image: formatLocation(location),
          judged,
          milliseconds: Math.round(performance.now() - start),
        })
      } finally {
        await opened.close()
      }
    }
    return all
  })
  output.result({ json: { images: rows.map(toJson) }, text: formatRows(rows, output.columns) })
  throwFaults(rows)
  const { requireSigned } = await import('../sign/judge-signatures.ts')
  for (const { image, judged } of rows) {
    if (judged)
      requireSigned(image, judged, flags.attestation === undefined ? 'signature' : 'attestation')
  }
}

async function judge(
  source: ContentSource,
  { digest }: Verified,
  trust: Trust,
  options: Parameters<typeof import('../sign/judge-signatures.ts').judgeSignatures>[3],
): Promise<Judged> {
  // Loaded when signatures are asked for: it brings all of Sigstore along.
  const { judgeSignatures } = await import('../sign/judge-signatures.ts')
  return judgeSignatures(source, { digest, mediaType: '', size: 0 }, trust, options)
}

/** The digest alone, nothing of the blobs. */
async function onlyResolved(
  source: ContentSource,
  reference: Reference,
  signal: AbortSignal,
): Promise<Verified> {
  const { descriptor } = await source.readManifest(reference, signal)
  const { digest, size } = descriptor
  return { digest, manifests: 1, blobs: 0, bytes: size, elsewhere: 0, faults: [] }
}

/** Images that are named; with a lock file the digest that each is pinned to. */
async function chooseLocations(
  images: readonly string[],
  lock: string | undefined,
): Promise<readonly { readonly location: Location; readonly pinned: string | undefined }[]> {
  if (images.length === 0 && lock === undefined) {
    throw wrong('Which image? Name one, or a --lock.')
  }
  if (lock === undefined) {
    return images.map((text) => ({ location: parseLocation(text), pinned: undefined }))
  }
  if (images.length === 0) {
    const locked = await lockedImages(lock, [])
    // By digest: the tag may have moved on, and what is pinned is what counts.
    return locked.map((reference) => ({
      location: { kind: 'registry', reference },
      pinned: reference.digest,
    }))
  }
  return Promise.all(
    images.map(async (text) => {
      const location = parseLocation(text)
      if (location.kind !== 'registry') throw wrong(`A lock file pins no ${text}.`)
      const [pinned] = await lockedImages(lock, [text])
      return { location, pinned: pinned?.digest }
    }),
  )
}

function withPin(verified: Verified, pinned: string | undefined, lock = ''): Verified {
  const { digest, faults } = verified
  if (pinned === undefined || pinned === digest) return verified
  const message = `${digest} is there, and ${lock} pins ${pinned}.`
  return { ...verified, faults: [...faults, { digest, message }] }
}

function toJson({ image, digest, ...rest }: Row): object {
  const { manifests, blobs, bytes, elsewhere, milliseconds, faults, judged } = rest
  return {
    image,
    digest,
    manifests,
    blobs,
    bytes,
    elsewhere,
    milliseconds,
    faults,
    ...(judged && { signedBy: judged.signedBy, signatures: judged.verdicts.map(toVerdict) }),
  }
}

function formatRows(rows: readonly Row[], width: number | undefined): string {
  return formatTable(
    [
      { title: 'IMAGE', shrinks: true },
      { title: 'DIGEST' },
      { title: 'MANIFESTS', align: 'right', yields: 2 },
      { title: 'BLOBS', align: 'right', yields: 1 },
      { title: 'SIZE', align: 'right' },
      { title: 'TIME', align: 'right', yields: 3 },
      { title: 'RATE', align: 'right', yields: 4 },
      { title: 'RESULT' },
      ...(rows.some(({ judged }) => judged) ? [{ title: 'SIGNED BY' }] : []),
    ],
    rows.map(({ image, digest, manifests, blobs, bytes, milliseconds, faults, judged }) => [
      image,
      shortDigest(digest),
      String(manifests),
      String(blobs),
      formatBytes(bytes),
      formatDuration(milliseconds),
      `${formatBytes(Math.round((bytes * 1000) / Math.max(milliseconds, 1)))}/s`,
      faults.length === 0 ? 'whole' : `${faults.length} wrong`,
      ...(judged ? [judged.signedBy.join(', ') || 'nobody trusted'] : []),
    ]),
    width,
  )
}

function throwFaults(rows: readonly Row[]): void {
  const faults = rows.flatMap((row) => row.faults)
  const [first] = faults
  if (first === undefined) return
  const lines = faults.slice(0, 20).map(({ message }) => message)
  if (faults.length > lines.length) lines.push(`${faults.length - lines.length} more.`)
  throw new ClientError('digestMismatch', lines.join('\n  '), {
    next: 'Push or pull what is named again; "berth fsck" looks for damage in the store of a Berth.',
  })
}

/** Without the attested document, which may be a whole SBOM. */
function toVerdict(verdict: Judged['verdicts'][number]): object {
  const { predicate: _, ...rest } = { predicate: undefined, ...verdict }
  return rest
}

function wrong(message: string): ClientError {
  return new ClientError('inputInvalid', message)
}
