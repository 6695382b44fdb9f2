import { ClientError } from '@berth/client/client-error.ts'
import {
  formatRepositoryAddress,
  parseImageReference,
  parseRepositoryAddress,
} from '@berth/client/image-reference.ts'
import { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { parseLimit } from '../count-option.ts'
import { formatAt, parseTagArgument, parseTaggedImage, referenceOf } from '../image-argument.ts'
import { parsePattern } from '../pattern.ts'
import { askConfirmation } from '../prompt.ts'
import { addTags } from '../tags/add-tags.ts'
import { formatTags, listTagNames, readTagDetails, type TagDetails } from '../tags/list-tags.ts'
import { removeTag } from '../tags/remove-tags.ts'
import { tagsPlanCommand } from './tags-plan.ts'

type ListOptions = { limit: string; filter?: string; names?: boolean }

/** `berth tags`: what tags there are, setting them, taking them away, working out those of a build. */
export function tagsCommand(context: CommandContext): Command {
  return new Command('tags')
    .description('list, set and remove tags, or work out those of a build')
    .addHelpText(
      'after',
      '\nExamples:\n  berth tags list 127.0.0.1:5000/acme/api\n  berth tags add 127.0.0.1:5000/acme/api:1.2 stable\n  berth tags remove 127.0.0.1:5000/acme/api:old',
    )
    .addCommand(listCommand(context))
    .addCommand(addCommand(context))
    .addCommand(removeCommand(context))
    .addCommand(tagsPlanCommand(context))
}

function listCommand(context: CommandContext): Command {
  return new Command('list')
    .description('list the tags of a repository, the newest version first')
    .argument('<repository>', 'for instance ghcr.io/acme/api')
    .option('--limit <number>', 'show so many at most, or "all"', '50')
    .option('--filter <pattern>', 'only those that a glob or a /regular expression/ names')
    .option('--names', 'print the names alone, which takes no look at each')
    .addHelpText(
      'after',
      '\nExamples:\n  berth tags list 127.0.0.1:5000/acme/api --filter "1.*"\n  berth tags list 127.0.0.1:5000/acme/api --names --limit all',
    )
    .action((repository: string, options: ListOptions) => list(context, repository, options))
}

async function list(context: CommandContext, text: string, options: ListOptions): Promise<void> {
  const { output, signal } = context
  const address = parseRepositoryAddress(text)
  const filter = options.filter === undefined ? undefined : parsePattern(options.filter)
  const isNames = options.names === true
  const limit = parseLimit('--limit', options.limit)
  const repository = (await context.client()).repository(address)
  const all = await listTagNames(repository, filter, signal)
  const shown = all.slice(0, limit)
  if (shown.length < all.length) {
    output.note(`The first ${shown.length} of ${all.length} tags; --limit all shows each.`)
  }
  const name = formatRepositoryAddress(address)
  if (isNames) {
    output.result({
      json: { repository: name, total: all.length, tags: shown },
      text: shown.join('\n'),
    })
    return
  }
  const details = await readTagDetails(repository, shown, signal)
  output.result({
    json: { repository: name, total: all.length, tags: details.map(toJson) },
    text: details.length === 0 ? '' : formatTags(details, output.columns),
  })
}

/** One of `tags` of the JSON result; `null`: nobody knows, or it was deleted meanwhile. */
function toJson({ tag, digest, mediaType, platforms, size, created }: TagDetails): object {
  return {
    tag,
    digest: digest ?? null,
    mediaType: mediaType ?? null,
    platforms,
    size: size ?? null,
    created: created?.toISOString() ?? null,
  }
}

function addCommand(context: CommandContext): Command {
  return new Command('add')
    .description('set more tags on an image that is in a registry')
    .argument('<image>', 'by tag or digest')
    .argument('<tag...>', 'tags alone, without the repository')
    .addHelpText('after', '\nExamples:\n  berth tags add 127.0.0.1:5000/acme/api:1.2.3 1.2 latest')
    .action((image: string, tags: string[]) => add(context, image, tags))
}

async function add(
  context: CommandContext,
  image: string,
  given: readonly string[],
): Promise<void> {
  const address = parseImageReference(image)
  const tags = given.map((each) => parseTagArgument(each))
  const repository = (await context.client()).repository(address)
  const { digest, tags: added } = await addTags(
    repository,
    referenceOf(address),
    tags,
    context.signal,
  )
  const lines = added.map(({ tag, outcome, before }) => {
    const from = before === undefined ? '' : ` from ${before}`
    return `${formatAt(address, { kind: 'tag', tag })}: ${outcome}${from}`
  })
  context.output.result({
    json: {
      repository: formatRepositoryAddress(address),
      digest,
      tags: added.map((each) => ({ ...each, before: each.before ?? null })),
    },
    text: lines.join('\n'),
  })
}

function removeCommand(context: CommandContext): Command {
  return new Command('remove')
    .description('take tags away and leave the images')
    .argument('<image:tag...>', 'images with their tags')
    .option('--yes', 'where a registry deletes no tag alone, let the manifest go with its only tag')
    .addHelpText(
      'after',
      '\nThe manifest stays, and so do other tags on it. A registry may collect what has\nno tag later on.\n\nExamples:\n  berth tags remove 127.0.0.1:5000/acme/api:old 127.0.0.1:5000/acme/api:older',
    )
    .action((images: string[], options: { yes?: boolean }) =>
      remove(context, images, options.yes === true),
    )
}

async function remove(
  context: CommandContext,
  given: readonly string[],
  isAgreed: boolean,
): Promise<void> {
  const { output, signal } = context
  const images = given.map((each) => parseTaggedImage(each))
  const client = await context.client()
  const removed: { image: string; digest: string; taken: 'tag' | 'manifest' }[] = []
  try {
    for (const image of images) {
      const name = formatAt(image, { kind: 'tag', tag: image.tag })
      const taken = await removeTag({
        repository: client.repository(image),
        api: await client.apiOf(image.registry, signal),
        tag: image.tag,
        signal,
        mayTakeManifest: async (digest) =>
          isAgreed ||
          askConfirmation(output, {
            text: `${image.registry} deletes no tag alone. Delete the manifest ${digest}, which has no other tag?`,
            otherwise: 'Give --yes to let the manifest go with its only tag.',
          }),
      })
      removed.push({ image: name, ...taken })
    }
  } catch (error) {
    if (removed.length > 0 && error instanceof ClientError) {
      output.warn(`Removed before that: ${removed.map(({ image }) => image).join(', ')}.`)
    }
    throw error
  }
  output.result({
    json: { removed },
    text: removed
      .map(
        ({ image, taken }) =>
          `${image}: removed${taken === 'manifest' ? ', and its manifest' : ''}`,
      )
      .join('\n'),
  })
}
