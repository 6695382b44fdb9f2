import type { CommandContext } from '../context.ts'
import { exitNameOf } from '../exit-codes.ts'
import { compareLocks, currentLock, isSame } from './compare-locks.ts'
import { findDrift } from './drift.ts'
import { readLockFile, writeLockFile } from './lock-file.ts'
import { lockImages } from './lock-images.ts'
import { readLockAt } from './lock-revision.ts'
import {
  lockPathOf,
  openWorkspace,
  requireLock,
  updateFilter,
  type WorkspaceOptions,
} from './lock-workspace.ts'
import { type Plan, planPins, planUnpins } from './plan.ts'
import {
  amount,
  comparisonText,
  githubAnnotation,
  leftText,
  oneLine,
  lockText,
  problemText,
} from './report.ts'
import { imagesIn } from './scan.ts'
import { unifiedDiff } from './unified-diff.ts'
import { driftProblems, verifyFiles, verifyOnline } from './verify.ts'
import { writeChanges } from './write-changes.ts'
import { askConfirmation } from '../prompt.ts'

/** The options of each command, as commander gives them. */
export type UpdateOptions = WorkspaceOptions & { readonly update?: string | true }
export type VerifyOptions = WorkspaceOptions & {
  readonly online?: true
  readonly allowMoved?: true
  readonly strict?: true
  readonly pinned?: true
  readonly format: 'text' | 'github'
}
export type ApplyOptions = WorkspaceOptions & {
  readonly yes?: true
  readonly check?: true
  readonly undo?: true
  readonly all?: true
}

/** `berth lock`: looks up what is not locked yet, or is to be looked up again, and writes the lock file. Throws as its parts do. */
export async function update(
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

/** `berth lock verify`: compares the files with the lock file, and with `online` the lock file with the registries. Throws as its parts do. */
export async function verify(
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

/** `berth lock diff`: what differs between two lock files, or between the lock file and the tags now. Throws as its parts do. */
export async function diff(
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

/** `berth lock apply` and `unpin`: writes digests into the files, or takes them off, the plan first. Throws as its parts do. */
export async function apply(
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

/** `berth lock drift`: images that ought to be of one kind and are not. Throws as its parts do. */
export async function drift(
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
