import type { Bar, Row, Scenario, ScenarioResult } from './scenarios/scenario.ts'
import type { Settings } from './settings.ts'
import { median } from './statistics.ts'

export type Finished = {
  scenario: Scenario
  result: ScenarioResult | undefined
  failure: string | undefined
}

export type Run = {
  date: string
  settings: Settings
  machine: string[]
  versions: string[]
  absent: string[]
  finished: Finished[]
}

/** The page that `docs/reference/performance.md` holds. */
export function reportPage(run: Run): string {
  return [
    '# Performance',
    '',
    'One run of `npm run bench`: every contender on the same machine, with the same data and the same clients, one at a time in',
    'alternating rounds. The figures are medians of the rounds, the brackets hold the slowest and the fastest round. Ratios hold from',
    'machine to machine, absolute figures do not. Clients and servers share the cores. Every server keeps its defaults but for a quiet log;',
    'none asks for credentials, except Berth in manifest-get.',
    '',
    `- Date: ${run.date}, ${run.settings.rounds} rounds${run.settings.quick ? ' (quick: 256 MiB instead of 1 GiB)' : ''}`,
    ...[...run.machine, ...run.versions, ...run.absent.map((text) => `Absent: ${text}`)].map(
      (line) => `- ${line}`,
    ),
    '',
    '## Bars',
    '',
    ...barTable(run.finished),
    '',
    ...run.finished.flatMap((finished) => [...section(finished), '']),
  ].join('\n')
}

/** What is printed when one scenario ends. */
export function section({ scenario, result, failure }: Finished): string[] {
  const head = [`## ${scenario.name}`, '', `${scenario.title}.`, '']
  if (result === undefined) return [...head, `Failed: ${failure?.split('\n')[0]}`]
  return [...head, ...rowTable(result.rows), ...result.notes.flatMap((note) => ['', note])]
}

export function barLine(scenario: string, bar: Bar): string {
  return `${verdict(bar).padEnd(12)} ${scenario}: ${bar.text} (${bar.measured})`
}

function barTable(finished: Finished[]): string[] {
  const rows = finished.flatMap(({ scenario, result, failure }) =>
    result === undefined
      ? [[scenario.name, scenario.bars.join('; '), `failed: ${failure?.split('\n')[0]}`, 'NOT MET']]
      : result.bars.map((bar) => [scenario.name, bar.text, bar.measured, verdict(bar)]),
  )
  return table(['scenario', 'bar', 'measured', ''], rows)
}

function rowTable(rows: Row[]): string[] {
  const further = [...new Set(rows.flatMap((row) => Object.keys(row.further ?? {})))]
  const head = ['contender', 'work', 'median (slowest to fastest)', ...further]
  return table(
    [...head, 'CPU s per GiB', 'CPU s per 100,000 requests', 'peak memory'],
    rows.map((row) => [
      row.contender,
      row.work,
      `**${figure(median(row.values))}** ${row.unit} (${figure(Math.min(...row.values))} to ${figure(Math.max(...row.values))})`,
      ...further.map((name) => figure(row.further?.[name])),
      figure(row.cpuSecondsPerGibibyte),
      figure(row.cpuSecondsPer100kRequests),
      row.peakBytes === undefined ? '' : `${Math.round(row.peakBytes / 1e6)} MB`,
    ]),
  )
}

function table(head: string[], rows: string[][]): string[] {
  const kept = head
    .map((_, column) => column)
    .filter((column) => rows.some((row) => row[column] !== ''))
  const line = (cells: string[]) => `| ${kept.map((column) => cells[column]).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)]
}

function verdict(bar: Bar): string {
  if (bar.met === undefined) return 'not measured'
  return bar.met ? 'met' : 'NOT MET'
}

function figure(value: number | undefined): string {
  if (value === undefined) return ''
  if (value >= 1000) return Math.round(value).toLocaleString('en-US')
  return value >= 100 ? value.toFixed(0) : value.toFixed(2)
}
