import { ClientError } from '@berth/client/client-error.ts'
import type { ManifestContent } from '@berth/client/content.ts'
import { CopySession } from '@berth/client/copy/copy-session.ts'
import { formatRepositoryAddress, parseImageReference } from '@berth/client/image-reference.ts'
import type { RemoteRepository } from '@berth/client/registry/remote-repository.ts'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import { formatPlatform, type TargetPlatform } from '@berth/oci/platform.ts'
import type { Reference, TagName } from '@berth/oci/reference.ts'
import { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { parsePlatformOption } from '../copy/platforms.ts'
import { formatBytes } from '../format.ts'
import { formatAt, parseTaggedImage, referenceOf } from '../image-argument.ts'
import { attestedDigest } from '../inspect/attachment-kinds.ts'
import { gatherEntries } from '../manifest/gather-entries.ts'
import { encodeIndex, orderEntries, replaceEntries } from '../manifest/index-entries.ts'
import { withoutEntries } from '../manifest/remove-entries.ts'
import { printable } from '../printable.ts'
import { formatTable } from '../table.ts'

type GatherOptions = { platform?: string[] }
type CreateOptions = GatherOptions & { annotation?: string[] }

/** `berth manifest`: images for several platforms under one name. */
export function manifestCommand(context: CommandContext): Command {
  return new Command('manifest')
    .description('put images for several platforms under one name')
    .addHelpText(
      'after',
      '\nExamples:\n  berth manifest create 127.0.0.1:5000/acme/api:1.0 127.0.0.1:5000/acme/api:1.0-amd64 127.0.0.1:5000/acme/api:1.0-arm64\n  berth manifest show 127.0.0.1:5000/acme/api:1.0',
    )
    .addCommand(createCommand(context))
    .addCommand(addCommand(context))
    .addCommand(removeCommand(context))
    .addCommand(showCommand(context))
}

const repeated = (value: string, earlier: string[] = []): string[] => [...earlier, value]
const platformHelp = 'what an image is for: image=linux/arm64/v8; may be repeated'

function createCommand(context: CommandContext): Command {
  return new Command('create')
    .description('make an index of images and push it')
    .argument('<target>', 'the image with its tag')
    .argument('<source...>', 'images or indexes, of this or of other repositories')
    .option('--annotation <key=value>', 'an annotation of the index; may be repeated', repeated)
    .option('--platform <image=platform>', platformHelp, repeated)
    .addHelpText(
      'after',
      '\nImages of other repositories are copied there first. Attestations and\nsignatures come along.\n\nExamples:\n  berth manifest create 127.0.0.1:5000/acme/api:1.0 127.0.0.1:5000/acme/api:1.0-amd64 127.0.0.1:5000/acme/api:1.0-arm64',
    )
    .action(async (target: string, sources: string[], options: CreateOptions) => {
      const image = parseTaggedImage(target)
      const annotations = readAnnotations(options.annotation ?? [])
      const repository = (await context.client()).repository(image)
      const entries = await gather(context, repository, sources, options)
      await push(context, repository, encodeIndex(orderEntries(entries), annotations), image.tag)
    })
}

function addCommand(context: CommandContext): Command {
  return new Command('add')
    .description('add images to an index')
    .argument('<index>', 'the index with its tag, which then points at the new one')
    .argument('<source...>', 'images or indexes, of this or of other repositories')
    .option('--platform <image=platform>', platformHelp, repeated)
    .addHelpText(
      'after',
      '\nExamples:\n  berth manifest add 127.0.0.1:5000/acme/api:1.0 127.0.0.1:5000/acme/api:1.0-s390x',
    )
    .action(async (index: string, sources: string[], options: GatherOptions) => {
      const image = parseTaggedImage(index)
      const repository = (await context.client()).repository(image)
      const content = await readIndex(repository, { kind: 'tag', tag: image.tag }, context.signal)
      const own = content.parsed.manifests.map((descriptor) => ({ descriptor, from: index }))
      const added = await gather(context, repository, sources, options)
      await push(
        context,
        repository,
        replaceEntries(content, orderEntries([...own, ...added])),
        image.tag,
      )
    })
}

function removeCommand(context: CommandContext): Command {
  return new Command('remove')
    .description('take platforms out of an index')
    .argument('<index>', 'the index with its tag, which then points at the new one')
    .argument('<platform...>', 'by platform or digest: linux/s390x')
    .addHelpText(
      'after',
      '\nThe images stay in the repository.\n\nExamples:\n  berth manifest remove 127.0.0.1:5000/acme/api:1.0 linux/s390x',
    )
    .action(async (index: string, platforms: string[]) => {
      const image = parseTaggedImage(index)
      const repository = (await context.client()).repository(image)
      const content = await readIndex(repository, { kind: 'tag', tag: image.tag }, context.signal)
      const left = withoutEntries(content.parsed.manifests, platforms)
      await push(context, repository, replaceEntries(content, left), image.tag)
    })
}

function showCommand(context: CommandContext): Command {
  return new Command('show')
    .description('list what an index holds')
    .argument('<index>', 'by tag or digest')
    .addHelpText('after', '\nExamples:\n  berth manifest show 127.0.0.1:5000/acme/api:1.0')
    .action(async (index: string) => {
      const image = parseImageReference(index)
      const repository = (await context.client()).repository(image)
      const content = await readIndex(repository, referenceOf(image), context.signal)
      show(context, formatAt(image, referenceOf(image)), content)
    })
}

async function gather(
  { client, output, signal }: CommandContext,
  target: RemoteRepository,
  texts: readonly string[],
  options: GatherOptions,
) {
  const platforms = readPlatforms(options.platform ?? [], texts)
  const sources = texts.map((text) => ({ text, image: parseImageReference(text) }))
  const opened = await client()
  return output.withProgress(({ onTransfer }) =>
    gatherEntries(sources, {
      client: opened,
      target,
      session: new CopySession({ onTransfer, signal }),
      platforms,
      signal,
    }),
  )
}

async function push(
  context: CommandContext,
  repository: RemoteRepository,
  content: ManifestContent,
  tag: TagName,
): Promise<void> {
  await repository.putManifest(content, [tag], context.signal)
  show(context, `${formatRepositoryAddress(repository.address)}:${tag}`, content)
}

function show(
  { output }: CommandContext,
  name: string,
  { descriptor, parsed }: ManifestContent,
): void {
  const rows = parsed.manifests.map((entry) => [
    kindOf(entry),
    entry.digest,
    formatBytes(entry.size),
  ])
  output.result({
    json: {
      image: name,
      ...descriptor,
      annotations: parsed.annotations,
      manifests: parsed.manifests,
    },
    text: output.isJson
      ? ''
      : `${name}@${descriptor.digest}\n${formatTable([{ title: 'PLATFORM' }, { title: 'DIGEST', shrinks: true }, { title: 'MANIFEST', align: 'right' }], rows, output.columns)}`,
  })
}

function kindOf(entry: Descriptor): string {
  const about = attestedDigest(entry)
  if (about !== undefined) return 'attestation'
  return entry.platform === undefined ? '-' : printable(formatPlatform(entry.platform))
}

async function readIndex(
  repository: RemoteRepository,
  reference: Reference,
  signal: AbortSignal,
): Promise<ManifestContent> {
  const content = await repository.readManifest(reference, signal)
  if (content.parsed.kind === 'index') return content
  throw new ClientError(
    'inputInvalid',
    `${formatAt(repository.address, reference)} is a single image and no index.`,
    {
      next: 'Make an index of it and others with: berth manifest create',
    },
  )
}

function readAnnotations(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf('=')
      if (equals < 1)
        throw new ClientError('inputInvalid', `--annotation takes key=value, and not "${text}".`)
      return [text.slice(0, equals), text.slice(equals + 1)]
    }),
  )
}

/** `image=platform`; the image has to be one of the sources. */
function readPlatforms(
  texts: readonly string[],
  sources: readonly string[],
): ReadonlyMap<string, TargetPlatform> {
  return new Map(
    texts.map((text) => {
      const equals = text.lastIndexOf('=')
      const image = text.slice(0, Math.max(equals, 0))
      if (!sources.includes(image)) {
        throw new ClientError('inputInvalid', `--platform ${text} names none of the sources.`, {
          next: `Write it as --platform ${sources[0] ?? 'image'}=linux/arm64.`,
        })
      }
      return [image, parsePlatformOption(text.slice(equals + 1))]
    }),
  )
}
