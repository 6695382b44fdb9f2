import { Command, Option } from 'commander'
import type { CommandContext } from '../context.ts'
import { collect } from '../copy/copy-options.ts'
import { exitNameOf } from '../exit-codes.ts'
import { compareLocks, currentLock, isSame } from '../lock/compare-locks.ts'
import { findDrift } from '../lock/drift.ts'
import { readLockFile, writeLockFile } from '../lock/lock-file.ts'
import { lockImages } from '../lock/lock-images.ts'
import { readLockAt } from '../lock/lock-revision.ts'
import {
  lockPathOf,
  openWorkspace,
  requireLock,
  updateFilter,
  type WorkspaceOptions,
} from '../lock/lock-workspace.ts'
import { type Plan, planPins, planUnpins } from '../lock/plan.ts'
import {
  amount,
  comparisonText,
  githubAnnotation,
  leftText,
  oneLine,
  lockText,
  problemText,
} from '../lock/report.ts'
import { imagesIn } from '../lock/scan.ts'
import { unifiedDiff } from '../lock/unified-diff.ts'
import { driftProblems, verifyFiles, verifyOnline } from '../lock/verify.ts'
import { writeChanges } from '../lock/write-changes.ts'
import { askConfirmation } from '../prompt.ts'

type UpdateOptions = WorkspaceOptions & { readonly update?: string | true }
type VerifyOptions = WorkspaceOptions & {
  readonly online?: true
  readonly allowMoved?: true
  readonly strict?: true
  readonly pinned?: true
  readonly format: 'text' | 'github'
}
type ApplyOptions = WorkspaceOptions & {
  readonly yes?: true
  readonly check?: true
  readonly undo?: true
  readonly all?: true
}

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
    .action((folder: string, options: UpdateOptions) => update(context, folder, options))
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
    .action((folder: string, _options: unknown, command: Command) =>
      verify(context, folder, command.optsWithGlobals<VerifyOptions>()),
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
      (
        before: string | undefined,
        after: string | undefined,
        _options: unknown,
        command: Command,
      ) => diff(context, before, after, command.optsWithGlobals<WorkspaceOptions>()),
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
    .action((folder: string, { undo }: ApplyOptions, command: Command) =>
      apply(context, folder, command.optsWithGlobals<ApplyOptions>(), undo === true),
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
    .action((folder: string, _options: unknown, command: Command) =>
      apply(context, folder, command.optsWithGlobals<ApplyOptions>(), true),
    )
}

function driftCommand(context: CommandContext): Command {
  return workspaceOptions(new Command('drift'))
    .description('compare the bases of images for GPU and for CPU that belong together')
    .argument('[folder]', 'the folder with the lock file', '.')
    .addHelpText('after', '\nExamples:\n  berth lock drift')
    .action((folder: string, _options: unknown, command: Command) =>
      drift(context, folder, command.optsWithGlobals<WorkspaceOptions>()),
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

async function update(
  context: CommandContext,
  given: string,
  options: UpdateOptions,
): Promise<void> {
  const { output, signal } = context
  const isUpdated = updateFilter(options.update)
  const workspace = await openWorkspace(context, given, options)
  const { lockPath, lockName, lock, scan, pairs, isPartial } = workspace
  if (typeof options.update === 'string' && ![...imagesIn(scan, lock).keys()].some(isUpdated)) {
    output.warn(`No image is meant by --update ${options.update}.`)
  }
  const client = await context.client()
  const outcome = await lockImages(client, scan, lock, { isUpdated, isPartial, pairs, signal })
  await writeLockFile(lockPath, outcome.lock)
  const unresolved = scan.files.flatMap(({ path, references }) =>
    references.flatMap(({ standing, line, column, text }) =>
      standing.state === 'unresolved'
        ? [{ path, line, column, text, reason: standing.reason }]
        : [],
    ),
  )
  for (const { path, line, reason } of scan.skipped) {
    output.warn(`${path}${line === undefined ? '' : `:${line}`} was left out: ${reason}.`)
  }
  for (const { path, line, column, text, reason } of unresolved) {
    output.note(`${path}:${line}:${column}: "${oneLine(text)}" is not locked: ${reason}.`)
  }
  for (const { reference, digests } of outcome.divided) {
    output.warn(`${reference} is pinned to ${digests.length} digests: ${digests.join(', ')}.`)
  }
  for (const { reference, place, error } of outcome.failed) {
    output.warn(`${place}: ${reference} is not resolved: ${error.message}`)
  }
  const [failure] = outcome.failed
  if (failure !== undefined) output.exit = exitNameOf[failure.error.kind]
  const failed = outcome.failed.map(({ reference, place, error }) => ({
    reference,
    place,
    kind: error.kind,
    message: error.message,
  }))
  const { added, moved, removed, divided } = outcome
  output.result({
    json: {
      path: lockPath,
      images: Object.keys(outcome.lock.images).length,
      added,
      moved,
      removed,
      failed,
      divided,
      unresolved,
      skipped: scan.skipped,
    },
    text: lockText(lockName, scan, outcome),
  })
}

async function verify(
  context: CommandContext,
  given: string,
  options: VerifyOptions,
): Promise<void> {
  const { output, signal } = context
  const { lock, lockName, scan, pairs, isPartial } = await openWorkspace(context, given, options)
  const rules = { isStrict: options.strict === true, needsPins: options.pinned === true, isPartial }
  const problems = [...verifyFiles(scan, lock, rules), ...driftProblems(findDrift(lock, pairs))]
  if (options.online === true) {
    const client = await context.client()
    const mayMove = options.allowMoved === true
    problems.push(...(await verifyOnline(client, lock, { mayMove, signal })))
  }
  const errors = problems.filter(({ level }) => level === 'error').length
  if (errors > 0) output.exit = 'difference'
  const images = Object.keys(lock.images).length
  const summary =
    errors === 0
      ? `${lockName} holds: ${amount(images, 'image')}, ${amount(scan.files.length, 'file')}.`
      : `${lockName} does not hold: ${amount(errors, 'problem')}. "berth lock" takes in what is new, "berth lock apply" writes the digests.`
  const isGithub = options.format === 'github'
  const lines = problems.map(isGithub ? githubAnnotation : problemText)
  output.result({
    json: { ok: errors === 0, images, files: scan.files.length, problems },
    text: [...lines, ...(isGithub ? [] : [summary])].join('\n'),
  })
  if (isGithub && !output.isJson) output.note(summary)
}

async function diff(
  context: CommandContext,
  before: string | undefined,
  after: string | undefined,
  options: WorkspaceOptions,
): Promise<void> {
  const { output, signal, terminal } = context
  const at = { cwd: terminal.cwd, env: terminal.env, signal }
  const here = () => readLockFile(lockPathOf(terminal.cwd, undefined, options))
  const old = before === undefined ? await here() : await readLockAt(before, at)
  const fresh =
    before === undefined
      ? await currentLock(await context.client(), old, signal)
      : after === undefined
        ? await here()
        : await readLockAt(after, at)
  const comparison = compareLocks(old, fresh)
  if (!isSame(comparison)) output.exit = 'difference'
  output.result({ json: comparison, text: comparisonText(comparison) })
}

async function apply(
  context: CommandContext,
  given: string,
  options: ApplyOptions,
  isUndo: boolean,
): Promise<void> {
  const { output } = context
  const workspace = await openWorkspace(context, given, options)
  const { scan, lock, folder } = workspace
  if (!isUndo) requireLock(workspace)
  const plan = isUndo ? planUnpins(scan, lock, options.all === true) : planPins(scan, lock)
  for (const line of leftText(plan)) output.note(line)
  const count = plan.changes.reduce((sum, { edits }) => sum + edits.length, 0)
  const isChecked = options.check === true
  if (isChecked && count > 0) output.exit = 'difference'
  if (!output.isJson && count > 0) output.result({ json: undefined, text: planText(plan) })
  if (count > 0 && !isChecked) {
    const question = `Write ${amount(count, 'change')} into ${amount(plan.changes.length, 'file')}?`
    const otherwise = 'Give --yes to write, or --check to see the plan alone.'
    const isAgreed =
      options.yes === true || (await askConfirmation(output, { text: question, otherwise }))
    if (!isAgreed) {
      output.note('Nothing was written.')
      return
    }
    await writeChanges(folder, plan.changes)
  }
  const verb = isChecked ? 'to write' : 'written'
  const summary = `${amount(count, 'change')} in ${amount(plan.changes.length, 'file')} ${verb}.`
  if (output.isJson) output.result({ json: planJson(plan, !isChecked && count > 0), text: '' })
  else output.note(count === 0 ? 'Nothing to write: the files say what the lock says.' : summary)
}

function planText({ changes }: Plan): string {
  return changes.map(unifiedDiff).join('').replace(/\n$/, '')
}

function planJson({ changes, left }: Plan, isWritten: boolean) {
  return {
    written: isWritten,
    files: changes.map((each) => ({
      path: each.path,
      changes: each.edits.length,
      diff: unifiedDiff(each),
    })),
    left: left.map(({ path, reference, reason }) => ({
      path,
      line: reference.line,
      column: reference.column,
      text: reference.text,
      reason,
    })),
  }
}

async function drift(
  context: CommandContext,
  given: string,
  options: WorkspaceOptions,
): Promise<void> {
  const { output } = context
  const workspace = await openWorkspace(context, given, options)
  requireLock(workspace)
  const drifts = findDrift(workspace.lock, workspace.pairs)
  if (drifts.some(({ state }) => state === 'drift')) output.exit = 'difference'
  const lines = drifts.map(({ state, platform, message }) => {
    const at = platform === undefined ? '' : ` (${platform})`
    return `${state}${at}: ${message}`
  })
  output.result({
    json: { pairs: drifts },
    text: lines.length === 0 ? 'No pairs of images for GPU and CPU were found.' : lines.join('\n'),
  })
}
