import { lineStarts, placeOf } from './find/found-reference.ts'
import { applyEdits, type FileChange, type FileEdit } from './plan.ts'

const contextLines = 3

/** Lines `first` to `last` (from 0) of the old text, and what takes their place. */
type Changed = { first: number; last: number; edits: FileEdit[] }

/** A change as `git diff` shows it, which `git apply` and `patch -p1` take. */
export function unifiedDiff({ path, before, edits }: FileChange): string {
  const starts = breakStarts(before)
  const lines = starts.map((start, at) => before.slice(start, starts[at + 1] ?? before.length))
  const hunks: Changed[][] = []
  for (const changed of changedLines(starts, edits)) {
    const last = hunks.at(-1)
    const previous = last?.at(-1)
    if (
      last !== undefined &&
      previous !== undefined &&
      changed.first - previous.last <= 2 * contextLines
    ) {
      last.push(changed)
    } else hunks.push([changed])
  }
  let shift = 0
  const texts = hunks.map((hunk) => {
    const from = Math.max(0, (hunk[0]?.first ?? 0) - contextLines)
    const to = Math.min(lines.length - 1, (hunk.at(-1)?.last ?? 0) + contextLines)
    let body = ''
    let added = 0
    let at = from
    for (const { first, last, edits: own } of hunk) {
      for (; at < first; at += 1) body += shown(' ', lines[at] ?? '')
      const start = starts[first] ?? 0
      const old = lines.slice(first, last + 1)
      const fresh = splitLines(
        applyEdits(
          old.join(''),
          own.map((each) => ({ ...each, start: each.start - start, end: each.end - start })),
        ),
      )
      body += replacedLines(old, fresh)
      added += fresh.length - old.length
      at = last + 1
    }
    for (; at <= to; at += 1) body += shown(' ', lines[at] ?? '')
    const length = to - from + 1
    const head = `@@ -${from + 1},${length} +${from + 1 + shift},${length + added} @@\n`
    shift += added
    return head + body
  })
  return `--- a/${path}\n+++ b/${path}\n${texts.join('')}`
}

/** A line that is added at the end of another leaves that one as it was. */
function replacedLines(old: readonly string[], fresh: readonly string[]): string {
  let same = 0
  while (same < old.length && old[same] === fresh[same]) same += 1
  return [
    ...old.slice(0, same).map((line) => shown(' ', line)),
    ...old.slice(same).map((line) => shown('-', line)),
    ...fresh.slice(same).map((line) => shown('+', line)),
  ].join('')
}

function changedLines(starts: readonly number[], edits: readonly FileEdit[]): Changed[] {
  const changed: Changed[] = []
  for (const edit of edits) {
    const first = placeOf(starts, edit.start, edit.end).line - 1
    const last = placeOf(starts, edit.end, edit.end).line - 1
    const previous = changed.at(-1)
    if (previous !== undefined && first <= previous.last) {
      previous.last = Math.max(previous.last, last)
      previous.edits.push(edit)
    } else changed.push({ first, last, edits: [edit] })
  }
  return changed
}

function shown(sign: string, line: string): string {
  return line.endsWith('\n') ? `${sign}${line}` : `${sign}${line}\n\\ No newline at end of file\n`
}

/** Lines for `diff` end with `\n` and nothing else; a text that ends with one has no empty line behind it. */
function breakStarts(text: string): readonly number[] {
  const starts = lineStarts(text).filter((start) => start === 0 || text[start - 1] === '\n')
  return starts.length > 1 && starts.at(-1) === text.length ? starts.slice(0, -1) : starts
}

function splitLines(text: string): string[] {
  const starts = breakStarts(text)
  return starts.map((start, at) => text.slice(start, starts[at + 1] ?? text.length))
}
