import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { cpuSeconds, peakBytes } from './measure.ts'
import type { RunningContender } from './peers/contender.ts'
import type { Context, Row } from './scenarios/scenario.ts'
import { median } from './statistics.ts'

type Sample = {
  value: number
  /** Blob bytes that the server sent or received. */
  bytes?: number
  requests?: number
  further?: Record<string, number>
}

export type Work = {
  name: string
  unit: string
  /** Does the timed work once. Anything before or after the timed part belongs in `prepare` and `settle`. */
  run(contender: RunningContender): Promise<Sample>
  prepare?(): void
  /** After each run, before the next contender's. */
  settle?(contender: RunningContender): void
}

/**
 * Runs the work with each contender in turn (A B C, A B C, …), so that a slow minute of the machine hits all alike.
 * The others are idle meanwhile. One round before the first warms caches and compilers and does not count.
 */
export async function measureRounds(
  context: Context,
  running: RunningContender[],
  work: Work,
): Promise<Row[]> {
  const samples = new Map<string, (Sample & { cpu: number })[]>(
    running.map(({ name }) => [name, []]),
  )
  for (let round = 0; round <= context.settings.rounds; round++) {
    for (const contender of running) {
      work.prepare?.()
      const before = cpuSeconds(contender.pid)
      const sample = await work.run(contender)
      const cpu = cpuSeconds(contender.pid) - before
      work.settle?.(contender)
      await sleep(100)
      if (round === 0) continue
      samples.get(contender.name)?.push({ ...sample, cpu })
      context.log(
        `${work.name} ${round}/${context.settings.rounds} ${contender.name}: ${sample.value.toPrecision(4)} ${work.unit}`,
      )
    }
  }
  return running.map((contender) => summarise(work, contender, samples.get(contender.name) ?? []))
}

/** Empties the write cache of the machine, so that one contender's unwritten data is not written in another's time. */
export function flushDisks(): void {
  execFileSync('sync')
}

function summarise(
  work: Work,
  contender: RunningContender,
  samples: (Sample & { cpu: number })[],
): Row {
  const perGibibyte = samples.flatMap(({ cpu, bytes }) =>
    bytes ? [(cpu / bytes) * 1024 ** 3] : [],
  )
  const perRequests = samples.flatMap(({ cpu, requests }) =>
    requests ? [(cpu / requests) * 100_000] : [],
  )
  const names = Object.keys(samples[0]?.further ?? {})
  return {
    contender: contender.name,
    work: work.name,
    unit: work.unit,
    values: samples.map(({ value }) => value),
    ...(perGibibyte.length > 0 && { cpuSecondsPerGibibyte: median(perGibibyte) }),
    ...(perRequests.length > 0 && { cpuSecondsPer100kRequests: median(perRequests) }),
    peakBytes: peakBytes(contender.pid),
    ...(names.length > 0 && {
      further: Object.fromEntries(
        names.map((name) => [
          name,
          median(samples.map(({ further }) => further?.[name] ?? Number.NaN)),
        ]),
      ),
    }),
  }
}
