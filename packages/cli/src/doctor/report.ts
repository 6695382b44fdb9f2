import type { Output, Result } from '../output.ts'
import { wrapText } from '../wrap.ts'
import { type Finding, groups, type Status } from './check.ts'

const looks = {
  ok: { word: 'ok', style: 'green' },
  warn: { word: 'warn', style: 'yellow' },
  fail: { word: 'FAIL', style: 'red' },
  skipped: { word: '-', style: 'dim' },
} as const

/** The findings by group, each with what mends it below it, and the count of each kind. */
export function reportFindings(findings: readonly Finding[], output: Output): Result {
  const count = (status: Status): number => findings.filter((each) => each.status === status).length
  const counts = {
    ok: count('ok'),
    warn: count('warn'),
    fail: count('fail'),
    skipped: count('skipped'),
  }
  const nameWidth = Math.min(
    output.columns === undefined || output.columns >= 100 ? 40 : 22,
    Math.max(...findings.map(({ name }) => name.length)),
  )
  const lines: string[] = []
  for (const group of groups) {
    const own = findings.filter((each) => each.group === group)
    if (own.length === 0) continue
    lines.push(...(lines.length > 0 ? [''] : []), output.style('bold', group))
    for (const finding of own) lines.push(...formatFinding(finding, nameWidth, output))
  }
  const { warn, fail } = counts
  const sum =
    fail + warn === 0
      ? 'Nothing to mend.'
      : `${fail} failed, ${warn} to look at, ${counts.ok} fine, ${counts.skipped} not checked.`
  return {
    json: { counts, findings: findings.map((each) => ({ ...each, mend: each.mend ?? null })) },
    text: [...lines, '', sum].join('\n'),
  }
}

function formatFinding(
  { name, status, seen, mend }: Finding,
  nameWidth: number,
  output: Output,
): readonly string[] {
  const { word, style } = looks[status]
  const indent = 8
  const isLong = name.length > nameWidth
  const body = indent + nameWidth + 2
  const head = `  ${output.style(style, word.padEnd(4))}  ${name.padEnd(nameWidth)}`
  const rest = wrap(seen, output.columns, body)
  const first = isLong ? [head] : []
  const shown = isLong
    ? rest.map((line) => ' '.repeat(body) + line)
    : rest.map((line, at) => (at === 0 ? `${head}  ${line}` : ' '.repeat(body) + line))
  const mends =
    mend === undefined || status === 'ok'
      ? []
      : wrap(mend, output.columns, indent + 3).map(
          (line, at) =>
            ' '.repeat(indent) + output.style('cyan', `${at === 0 ? '->' : '  '} ${line}`),
        )
  return [...first, ...shown.map((line) => line.trimEnd()), ...mends]
}

/** Broken between words, so that each line fits beside an indent; a path that is too long for it begins a line of its own. */
function wrap(text: string, columns: number | undefined, indent: number): readonly string[] {
  const flat = text.replaceAll(/\s*\n\s*/g, ' ')
  return wrapText(flat, columns === undefined ? undefined : columns - indent - 1).split('\n')
}
