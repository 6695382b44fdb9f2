import { ClientError } from '@berth/client/client-error.ts'
import {
  formatRepositoryAddress,
  type ImageReference,
  parseImageReference,
} from '@berth/client/image-reference.ts'
import { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { parsePlatformOption } from '../copy/platforms.ts'
import { parseLimit } from '../count-option.ts'
import { formatBytes, formatDuration } from '../format.ts'
import { askConfirmation } from '../prompt.ts'
import { applyClean, type CleanPlan, planClean } from '../pull/clean-engine.ts'
import { lockedImages } from '../pull/locked-images.ts'
import { type PulledImage, pullImage } from '../pull/pull-image.ts'
import { choosePlace, type PullPlace, writesToOutput } from '../pull/pull-place.ts'
import { formatTags, listTagNames, readTagDetails } from '../tags/list-tags.ts'

type PullOptions = {
  to?: string
  list?: boolean
  limit: string
  range?: string
  prerelease?: boolean
  lock?: string
  platform?: string
  allPlatforms?: boolean
  clean?: string
  yes?: boolean
  parallel: string
}

/** `berth pull`: images of a registry into the engine that is there, a folder or a file. */
export function pullCommand(context: CommandContext): Command {
  return new Command('pull')
    .description('bring images from a registry into an engine, a folder or a file')
    .argument('[image...]', 'registry/repository:tag; with --lock also names of services')
    .option('--to <place>', 'docker, podman, containerd, oci:folder, docker-archive:file and more')
    .option('--list', 'show what versions there are, the newest first, and pull nothing')
    .option('--limit <number>', 'with --list: so many at most, or "all"', '50')
    .option('--range <range>', 'take the newest version in this range, such as "^1.4"')
    .option('--prerelease', 'with --range: pre-releases count too')
    .option('--lock <file>', 'take the digests that this lock file pins')
    .option('--platform <os/architecture>', "this platform, not the engine's or this machine's")
    .option('--all-platforms', 'everything, into a folder or an oci-archive')
    .option('--clean <number>', 'then remove older versions from the engine but for so many')
    .option('-y, --yes', 'with --clean: do not ask')
    .option('--parallel <number>', 'connections at a time', '6')
    .addHelpText(
      'after',
      `
Every byte is compared with its digest on the way, and the engine is asked
what it has got. What is there already is not moved; a broken-off download
into a folder is carried on by the next run. An image that is named by its
digest alone is called sha256- and the first twelve digits in an engine.

Examples:
  berth pull 127.0.0.1:5000/acme/api:1.4
  berth pull 127.0.0.1:5000/acme/api --list
  berth pull 127.0.0.1:5000/acme/api --range "^1.4" --clean 2
  berth pull --lock build-lock.json
  berth pull 127.0.0.1:5000/acme/api:1.4 --to oci:./images --all-platforms
  berth pull 127.0.0.1:5000/acme/api:1.4 --to docker-archive:- | ssh host docker load`,
    )
    .action((images: string[], options: PullOptions) => pull(context, images, options))
}

async function pull(
  context: CommandContext,
  images: readonly string[],
  options: PullOptions,
): Promise<void> {
  checkOptions(images, options)
  if (options.list === true) return list(context, images[0] ?? '', options)
  const references = await chooseImages(context, images, options)
  const place = await choosePlace(options.to, context)
  checkPlace(place, references.length, options)
  const platform =
    options.platform === undefined ? undefined : parsePlatformOption(options.platform)
  const pulled = await context.output.withProgress(async ({ onTransfer }) => {
    const all: PulledImage[] = []
    for (const reference of references) {
      const request = {
        reference,
        place,
        platform,
        isComplete: options.allPlatforms === true,
        parallel: parseParallel(options.parallel),
      }
      all.push(await pullImage(request, context, onTransfer))
    }
    return all
  })
  const text = pulled.map(formatPulled).join('\n')
  // The archive is on standard output.
  if (writesToOutput(place)) return context.output.note(text)
  const removed = await clean(context, place, references, { pulled, options })
  context.output.result({ json: { images: pulled, removed }, text })
}

async function chooseImages(
  context: CommandContext,
  images: readonly string[],
  { lock, range, prerelease = false }: PullOptions,
): Promise<readonly ImageReference[]> {
  if (lock !== undefined) return lockedImages(lock, images)
  const references = images.map(parseImageReference)
  if (range === undefined) return references
  return Promise.all(
    references.map(async (reference) => {
      if (reference.tag !== undefined || reference.digest !== undefined) {
        throw new ClientError('inputInvalid', '--range goes with a repository, without a tag.')
      }
      const repository = (await context.client()).repository(reference)
      const { signal } = context
      const { chooseVersion } = await import('../pull/choose-version.ts')
      return { ...reference, tag: await chooseVersion(repository, range, { prerelease, signal }) }
    }),
  )
}

async function list(context: CommandContext, image: string, options: PullOptions): Promise<void> {
  const { output, signal } = context
  const address = parseImageReference(image)
  const repository = (await context.client()).repository(address)
  const all = await listTagNames(repository, undefined, signal)
  const shown = all.slice(0, parseLimit('--limit', options.limit))
  if (shown.length < all.length) {
    output.note(`The first ${shown.length} of ${all.length} tags; --limit all shows each.`)
  }
  const details = await readTagDetails(repository, shown, signal)
  const tags = details.map(({ created, digest, mediaType, size, ...rest }) => ({
    ...rest,
    digest: digest ?? null,
    mediaType: mediaType ?? null,
    size: size ?? null,
    created: created?.toISOString() ?? null,
  }))
  output.result({
    json: { repository: formatRepositoryAddress(address), total: all.length, tags },
    text: details.length === 0 ? '' : formatTags(details, output.columns),
  })
}

async function clean(
  context: CommandContext,
  place: PullPlace,
  references: readonly ImageReference[],
  { pulled, options }: { pulled: readonly PulledImage[]; options: PullOptions },
): Promise<readonly string[]> {
  if (options.clean === undefined || place.kind !== 'engine') return []
  const { output, signal } = context
  const newest = parseLimit('--clean', options.clean)
  const always = pulled.map(({ name }) => name)
  const addresses = new Map(references.map((each) => [formatRepositoryAddress(each), each]))
  const gone: string[] = []
  for (const address of addresses.values()) {
    const plan = await planClean(place.engine, address, { newest, always, signal })
    tellPlan(context, plan)
    if (plan.removed.length === 0) continue
    if (options.yes !== true && !output.isInteractive) {
      output.warn('Nothing was removed, since nobody can be asked. Add --yes to remove it.')
      continue
    }
    const isAgreed =
      options.yes === true ||
      (await askConfirmation(output, {
        text: `Remove ${plan.removed.length} images from ${place.engine.name}?`,
        otherwise: 'Add --yes.',
      }))
    if (isAgreed) gone.push(...(await applyClean(place.engine, plan, signal)))
  }
  return gone
}

function tellPlan({ output }: CommandContext, { removed, used, kept }: CleanPlan): void {
  for (const name of kept) output.note(`keep    ${name}`)
  for (const name of used) output.note(`keep    ${name} (a container uses it)`)
  for (const name of removed) output.note(`remove  ${name}`)
}

function formatPulled(image: PulledImage): string {
  const { name, digest, manifestDigest, platform, to, outcome, bytes, milliseconds } = image
  const moved =
    outcome === 'present'
      ? 'It was there already.'
      : `${formatBytes(bytes)} in ${formatDuration(milliseconds)}.`
  const part = manifestDigest === digest ? '' : `\n  ${platform}: ${manifestDigest}`
  return `${name}@${digest}${part}\n  ${to}: ${moved}`
}

function checkOptions(images: readonly string[], options: PullOptions): void {
  const { list: isList, lock, range, allPlatforms, platform } = options
  if (images.length === 0 && lock === undefined) throw wrong('Which image? Name one, or a --lock.')
  if (isList === true && images.length !== 1) throw wrong('--list shows one repository.')
  if (lock !== undefined && range !== undefined) {
    throw wrong('--lock pins digests, so --range has nothing to choose.')
  }
  if (allPlatforms === true && platform !== undefined) {
    throw wrong('Give either --platform or --all-platforms.')
  }
}

function checkPlace(place: PullPlace, count: number, options: PullOptions): void {
  const isEngine = place.kind === 'engine'
  if (options.clean !== undefined && !isEngine) throw wrong('--clean is for engines.')
  if (options.allPlatforms === true && (isEngine || place.location.kind === 'dockerArchive')) {
    throw wrong('--all-platforms is for oci: and oci-archive:; an engine takes one platform.')
  }
  if (count > 1 && !isEngine && place.location.kind !== 'layout') {
    throw wrong('An archive takes one image at a time; a folder takes several.')
  }
}

function parseParallel(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1 && number <= 64) return number
  throw wrong(`--parallel ${text} is not a number from 1 to 64.`)
}

function wrong(message: string): ClientError {
  return new ClientError('inputInvalid', message)
}
