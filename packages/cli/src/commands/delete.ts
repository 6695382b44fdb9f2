import { parseImageReference, type ImageReference } from '@berth/client/image-reference.ts'
import { ClientError } from '@berth/client/client-error.ts'
import { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { readLocks } from '../prune/locks.ts'
import { runDelete } from '../prune/run-delete.ts'

type Options = {
  readonly lock?: readonly string[]
  readonly force?: boolean
  readonly yes?: boolean
  readonly dryRun?: boolean
}

/** `berth delete`: images with all their tags, and what only they need. */
export function deleteCommand(context: CommandContext): Command {
  const repeated = (value: string, earlier: string[] = []): string[] => [...earlier, value]
  return new Command('delete')
    .description('delete images with all their tags, and what only they need')
    .argument('<image...>', 'by tag or digest')
    .option('--lock <file>', 'refuse what this lock file names; may be repeated', repeated)
    .option('--force', 'delete also what a lock file names or a remaining index lists')
    .option('--dry-run', 'show what would go and do nothing')
    .option('--yes', 'do it without asking')
    .addHelpText(
      'after',
      `
To take a tag away and leave the image: berth tags remove.

Examples:
  berth delete 127.0.0.1:5000/acme/api:old --dry-run
  berth delete 127.0.0.1:5000/acme/api:old 127.0.0.1:5000/acme/api:older --yes`,
    )
    .action(async (images: string[], options: Options) => {
      await runDelete(context, {
        images: images.map((each) => parseNamed(each)),
        findLock: await readLocks(options.lock, context.terminal.cwd),
        isDryRun: options.dryRun === true,
        isAgreed: options.yes === true,
        isForced: options.force === true,
      })
    })
}

/** Here nothing is guessed: `latest` is deleted only when it is written. */
function parseNamed(text: string): ImageReference {
  const image = parseImageReference(text)
  if (image.tag !== undefined || image.digest !== undefined) return image
  throw new ClientError('referenceInvalid', `${text} names a repository and no image.`, {
    next: 'Write the tag or the digest of the image, or use "berth prune" for many.',
  })
}
