import { shortDigest } from '../format.ts'
import { printable } from '../printable.ts'
import type { LockComparison, LockEntry, LockMove } from './compare-locks.ts'
import type { LockOutcome } from './lock-images.ts'
import type { Plan } from './plan.ts'
import type { Scan } from './scan.ts'
import type { Problem } from './verify.ts'

/** What `berth lock` did, in a few lines. */
export function lockText(path: string, scan: Scan, outcome: LockOutcome): string {
  const { lock, added, moved, removed } = outcome
  const count = Object.keys(lock.images).length
  return [
    ...added.map((each) => `+ ${each}  ${shortDigest(lock.images[each]?.digest ?? '')}`),
    ...moved.map(
      (each) => `~ ${each.reference}  ${shortDigest(each.from)} -> ${shortDigest(each.to)}`,
    ),
    ...removed.map((each) => `- ${each}`),
    `${path}: ${amount(count, 'image')} in ${amount(scan.files.length, 'file')}; ${added.length} new, ${moved.length} moved, ${removed.length} taken out.`,
  ].join('\n')
}

/** One problem in a line, with its place as editors and people read it. */
export function problemText(problem: Problem): string {
  const level = problem.level === 'error' ? '' : 'note: '
  return oneLine(`${placeText(problem)}${level}${problem.message}`)
}

/** A problem as GitHub's runner shows it beside the line (`::error file=...::`). */
export function githubAnnotation({ kind, level, path, line, column, message }: Problem): string {
  const properties = [
    ...(path === undefined ? [] : [`file=${escapeProperty(path)}`]),
    ...(line === undefined ? [] : [`line=${line}`]),
    ...(column === undefined ? [] : [`col=${column}`]),
    `title=${escapeProperty(`berth lock: ${kind}`)}`,
  ]
  return `::${level} ${properties.join(',')}::${escapeData(message)}`
}

/** What differs between two locks. */
export function comparisonText(comparison: LockComparison): string {
  const lines = [...sideText(comparison), ...sideText(comparison.services, 'service ')]
  return lines.length === 0 ? 'No difference.' : lines.join('\n')
}

/** References that stay as they are, with the reason, one in a line. */
export function leftText({ left }: Plan): readonly string[] {
  return left.map(
    ({ path, reference, reason }) =>
      `${path}:${reference.line}:${reference.column}: "${oneLine(reference.text)}" stays: ${reason}.`,
  )
}

/** A text as it can stand in a line of output: blanks and line ends are one blank, control characters are written out. */
export function oneLine(text: string): string {
  const bare = printable(text.replaceAll(/\s+/g, ' ').trim())
  return bare.length > 500 ? `${bare.slice(0, 499)}…` : bare
}

export function amount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function sideText(
  { added, removed, moved }: Omit<LockComparison, 'services'>,
  prefix = '',
): string[] {
  return [
    ...added.map((each) => `+ ${prefix}${entryText(each)}`),
    ...removed.map((each) => `- ${prefix}${entryText(each)}`),
    ...moved.flatMap((each) => [
      `~ ${prefix}${each.reference}`,
      `    from ${digestText(each.from)}`,
      `    to   ${digestText(each.to)}`,
      ...platformText(each),
    ]),
  ]
}

function platformText({ platformsAdded, platformsRemoved }: LockMove): string[] {
  return [
    ...platformsAdded.map((each) => `    + platform ${each}`),
    ...platformsRemoved.map((each) => `    - platform ${each}`),
  ]
}

function entryText(entry: LockEntry): string {
  return `${entry.reference}  ${digestText(entry)}`
}

function digestText({ digest, created }: LockEntry): string {
  return created === undefined ? digest : `${digest}  made ${created}`
}

function placeText({ path, line, column }: Problem): string {
  if (path === undefined) return ''
  const at = [path, line, column].filter((each) => each !== undefined).join(':')
  return `${at}: `
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
