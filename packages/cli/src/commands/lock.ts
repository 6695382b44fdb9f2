import { Command, Option } from 'commander'
import type { CommandContext } from '../context.ts'
import { collect } from '../copy/copy-options.ts'
import type { WorkspaceOptions } from '../lock/lock-workspace.ts'
import type { ApplyOptions, UpdateOptions, VerifyOptions } from '../lock/run-lock.ts'

/** Loaded when a command runs: the help needs none of it. */
const work = () => import('../lock/run-lock.ts')

// Options of `berth lock` itself that stand behind the name of one of its commands are read by `berth lock`, so these take
// theirs with those above them.

/** `berth lock`: the digests of all images that the files of a folder name, in one file. */
export function lockCommand(context: CommandContext): Command {
  const lock = new Command('lock')
    .description('pin every image that the files name to its digest, and check that it stays so')
    .argument('[folder]', 'the folder to look through', '.')
    .option('--update [pattern]', 'resolve tags again: all, or those of images such as "alpine"')
    .addHelpText(
      'after',
      '\nExamples:\n  berth lock\n  berth lock --update "alpine*"\n  berth lock deploy --exclude "*.test.yaml"\n  berth lock verify --online\n  berth lock diff HEAD\n  berth lock apply --yes',
    )
    .action(async (folder: string, options: UpdateOptions) =>
      (await work()).update(context, folder, options),
    )
  return workspaceOptions(lock)
    .addCommand(verifyCommand(context))
    .addCommand(diffCommand(context))
    .addCommand(applyCommand(context))
    .addCommand(unpinCommand(context))
    .addCommand(driftCommand(context))
}

function verifyCommand(context: CommandContext): Command {
  return workspaceOptions(new Command('verify'))
    .description('check that the files name nothing that is not locked, and pin nothing else')
    .argument('[folder]', 'the folder to look through', '.')
    .option('--online', 'ask the registries too: is each digest still there, did a tag move')
    .option('--allow-moved', 'tell of tags that moved without failing')
    .option('--pinned', 'fail when a reference could hold its digest and does not')
    .option('--strict', 'fail also for what cannot be locked, and for what no file names')
    .addOption(
      new Option('--format <format>', 'how problems are printed')
        .choices(['text', 'github'])
        .default('text'),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  berth lock verify\n  berth lock verify --online --format github',
    )
    .action(async (folder: string, _options: unknown, command: Command) =>
      (await work()).verify(context, folder, command.optsWithGlobals<VerifyOptions>()),
    )
}

function diffCommand(context: CommandContext): Command {
  return new Command('diff')
    .description('show what differs between two lock files, or between the lock and the tags now')
    .argument(
      '[old]',
      'a lock file or a git revision; without it the lock is compared with the tags',
    )
    .argument('[new]', 'the same; by default the lock file here')
    .option('--lock-file <path>', 'the lock file; by default build-lock.json here')
    .addHelpText(
      'after',
      '\nExamples:\n  berth lock diff\n  berth lock diff HEAD\n  berth lock diff main:build-lock.json HEAD:build-lock.json',
    )
    .action(
      async (
        before: string | undefined,
        after: string | undefined,
        _options: unknown,
        command: Command,
      ) => (await work()).diff(context, before, after, command.optsWithGlobals<WorkspaceOptions>()),
    )
}

function applyCommand(context: CommandContext): Command {
  return workspaceOptions(new Command('apply'))
    .description('write the locked digests into the files, the plan first')
    .argument('[folder]', 'the folder to look through', '.')
    .option('--yes', 'write without asking')
    .option('--check', 'write nothing, and fail when there is something to write')
    .option('--undo', 'take the digests off again, as "berth lock unpin" does')
    .addHelpText('after', '\nExamples:\n  berth lock apply --check\n  berth lock apply --yes')
    .action(async (folder: string, { undo }: ApplyOptions, command: Command) =>
      (await work()).apply(context, folder, command.optsWithGlobals<ApplyOptions>(), undo === true),
    )
}

function unpinCommand(context: CommandContext): Command {
  return workspaceOptions(new Command('unpin'))
    .description('take the locked digests off the files again')
    .argument('[folder]', 'the folder to look through', '.')
    .option('--all', 'take off digests that are not the locked ones, too')
    .option('--yes', 'write without asking')
    .option('--check', 'write nothing, and fail when there is something to write')
    .addHelpText('after', '\nExamples:\n  berth lock unpin --yes')
    .action(async (folder: string, _options: unknown, command: Command) =>
      (await work()).apply(context, folder, command.optsWithGlobals<ApplyOptions>(), true),
    )
}

function driftCommand(context: CommandContext): Command {
  return workspaceOptions(new Command('drift'))
    .description('compare the bases of images for GPU and for CPU that belong together')
    .argument('[folder]', 'the folder with the lock file', '.')
    .addHelpText('after', '\nExamples:\n  berth lock drift')
    .action(async (folder: string, _options: unknown, command: Command) =>
      (await work()).drift(context, folder, command.optsWithGlobals<WorkspaceOptions>()),
    )
}

function workspaceOptions(command: Command): Command {
  return command
    .option(
      '--include <glob>',
      'look only into files of this name or path; may be repeated',
      collect,
    )
    .option('--exclude <glob>', 'leave out files or folders of this name; may be repeated', collect)
    .option('--lock-file <path>', 'the lock file; by default build-lock.json in the folder')
}
