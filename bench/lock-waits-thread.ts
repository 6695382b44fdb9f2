import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { connectPostgres } from '../packages/server/src/testing/postgres-server.ts'
import type { LockWaits } from './lock-waits.ts'

const everyMilliseconds = 5

/** Those that wait for a lock of another transaction, and for how long already. */
const waiting = `
  select pid::text || ' ' || waitstart::text as wait,
    extract(epoch from clock_timestamp() - waitstart)::float8 * 1000 as milliseconds
  from pg_stat_activity join pg_locks using (pid)
  where wait_event_type = 'Lock' and not granted and waitstart is not null`

const end = new AbortController()
const client = await connectPostgres(String(workerData))
parentPort?.once('message', () => end.abort())
parentPort?.postMessage('ready')
const waits = await watch(end.signal)
await client.end()
parentPort?.postMessage(waits)

async function watch(signal: AbortSignal): Promise<LockWaits> {
  const seen = new Set<string>()
  let [longest, longestGap, age] = [0, 0, 0]
  let before = performance.now()
  while (!signal.aborted) {
    const { rows } = await client.query<{ wait: string; milliseconds: number }>(waiting)
    const gap = performance.now() - before
    before += gap
    longestGap = Math.max(longestGap, gap)
    // What was waiting the last time has waited until now at most, or is here again.
    if (age > 0) longest = Math.max(longest, age + gap)
    age = Math.max(0, ...rows.map(({ milliseconds }) => milliseconds))
    longest = Math.max(longest, age)
    for (const { wait } of rows) seen.add(wait)
    await sleep(everyMilliseconds)
  }
  return { longestMilliseconds: longest, seen: seen.size, longestGapMilliseconds: longestGap }
}
