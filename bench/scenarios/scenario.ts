import type { Contender, ContenderName, RunningContender } from '../peers/contender.ts'
import type { Settings } from '../settings.ts'
import { median } from '../statistics.ts'
import type { Workspace } from '../workspace.ts'

export type Scenario = {
  name: string
  title: string
  /** Minutes of disk work or a large store: not part of --quick unless named by --only. */
  heavy: boolean
  /** Measures Berth against a limit or itself: pointless without it. */
  berthOnly: boolean
  bars: string[]
  run(context: Context): Promise<ScenarioResult>
}

export type Context = {
  settings: Settings
  workspace: Workspace
  /** Those chosen that are installed. */
  contenders: Contender[]
  log: (text: string) => void
}

export type ScenarioResult = { rows: Row[]; bars: Bar[]; notes: string[] }

/** One contender's figures in one kind of work. */
export type Row = {
  contender: string
  work: string
  unit: string
  /** One value a round. */
  values: number[]
  cpuSecondsPerGibibyte?: number
  cpuSecondsPer100kRequests?: number
  peakBytes?: number
  /** Medians of further figures, by name with the unit in it. */
  further?: Record<string, number>
}

export type Bar = {
  text: string
  measured: string
  /** `undefined`: a contender that the bar needs is missing. */
  met: boolean | undefined
}

export function chosen(context: Context, ...names: ContenderName[]): Contender[] {
  return context.contenders.filter((contender) => names.includes(contender.name))
}

/** Starts each contender, runs `work` and stops them all again, also when it fails. */
export async function withRunning<T>(
  context: Context,
  contenders: Contender[],
  work: (running: RunningContender[]) => Promise<T>,
): Promise<T> {
  const running: RunningContender[] = []
  try {
    for (const contender of contenders) running.push(await contender.start(context.workspace))
    return await work(running)
  } finally {
    await Promise.all(running.map((contender) => contender.stop()))
  }
}

/** Berth's median must be at least `factor` times the best median of those others. */
export function ratioBar(text: string, rows: Row[], factor: number, others: ContenderName[]): Bar {
  const mine = medianOf(rows, 'berth')
  const theirs = others.flatMap((name) => medianOf(rows, name) ?? [])
  const missing = others.filter((name) => medianOf(rows, name) === undefined).join(', ')
  if (mine === undefined) return { text, measured: 'berth missing', met: undefined }
  if (theirs.length === 0) return { text, measured: `${missing} missing`, met: undefined }
  const ratio = mine / Math.max(...theirs)
  const measured = `${ratio.toFixed(2)} x${missing && `, ${missing} missing`}`
  return { text, measured, met: missing && ratio >= factor ? undefined : ratio >= factor }
}

/** `value` must be at most `limit`. */
export function limitBar(
  text: string,
  value: number | undefined,
  limit: number,
  unit: string,
): Bar {
  if (value === undefined || Number.isNaN(value))
    return { text, measured: 'not measured', met: undefined }
  return { text, measured: `${value.toFixed(value < 10 ? 2 : 0)} ${unit}`, met: value <= limit }
}

function medianOf(rows: Row[], contender: ContenderName): number | undefined {
  const row = rows.find((candidate) => candidate.contender === contender)
  return row && median(row.values)
}
