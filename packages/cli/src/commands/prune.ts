import { Command, Option } from 'commander'
import type { CommandContext } from '../context.ts'
import { readLocks } from '../prune/locks.ts'
import { olderThanDefault, type PruneOptions, readPruneRules } from '../prune/prune-rules.ts'
import { runPrune } from '../prune/run-prune.ts'

type Options = PruneOptions & {
  readonly lock?: readonly string[]
  readonly yes?: boolean
  readonly dryRun?: boolean
  readonly kept?: boolean
  readonly sizes?: boolean
}

/** `berth prune`: old images by rules, with what belongs to them. */
export function pruneCommand(context: CommandContext): Command {
  const repeated = (value: string, earlier: string[] = []): string[] => [...earlier, value]
  return new Command('prune')
    .description('delete old images by rules, with what belongs to them')
    .argument('<repository...>', 'or a glob: 127.0.0.1:5000/acme/*')
    .option('--older-than <time>', 'what is younger stays: 12h, 90d, 6w, 1y', olderThanDefault)
    .option('--keep-last <number>', 'the newest of those that nothing else keeps stay', '0')
    .option('--match <pattern>', 'only images with all tags like this; may be repeated', repeated)
    .option('--keep <pattern>', 'images with a tag like this stay; may be repeated', repeated)
    .option('--keep-releases', 'images with a release as tag stay: 1.2.3, but not 1.2.3-rc.1')
    .option('--keep-pulled-within <time>', 'what was pulled lately stays, where the registry tells')
    .option('--untagged', 'manifests without a tag that nothing leads to go too')
    .addOption(
      new Option('--unknown-age <what>', 'what to do with images that tell no age')
        .choices(['keep', 'remove'])
        .default('keep'),
    )
    .option('--lock <file>', 'what this lock file names stays; may be repeated', repeated)
    .option('--kept', 'show what stays, too')
    .option('--sizes', 'read all sizes, however many requests that takes')
    .option('--dry-run', 'show the plan and do nothing')
    .option('--yes', 'do it without asking')
    .addHelpText(
      'after',
      `
An image goes only when each of its tags may go. Children of an index that
stays, what a kept signature is about, and the signatures of what stays are
kept; build-lock.json of this folder counts as a lock file. Patterns are
globs, or regular expressions between slashes.

Examples:
  berth prune 127.0.0.1:5000/acme/api --dry-run
  berth prune 127.0.0.1:5000/acme/api --match "pr-*" --older-than 14d --keep-last 5 --yes
  berth prune "127.0.0.1:5000/acme/*" --keep-releases --untagged --yes`,
    )
    .action(async (repositories: string[], options: Options) => {
      await runPrune(context, {
        repositories,
        rules: readPruneRules(options),
        findLock: await readLocks(options.lock, context.terminal.cwd),
        isDryRun: options.dryRun === true,
        isAgreed: options.yes === true,
        withKept: options.kept === true,
        withSizes: options.sizes === true,
      })
    })
}
