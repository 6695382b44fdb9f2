/**
 * Sends requests to a Berth by its own description: valid ones and broken ones, as callers of every kind, and checks each
 * answer against that description. `--seed <text>` repeats a run, `--requests <number>` makes it longer (5000).
 */
import { parseArgs } from 'node:util'
import { startBerth } from '../tools/berth.ts'
import { fuzz } from './fuzz.ts'
import { closeConnections } from './send.ts'

const failuresShown = 20
const linesShown = 5
const { values: options } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now()) },
    requests: { type: 'string', default: '5000' },
  },
})

const berth = await startBerth({
  config: {
    log: { level: 'warn' },
    access: { workloads: [{ issuer: 'https://ci.example.com', audience: 'berth' }] },
  },
})
try {
  const count = Number(options.requests)
  const admin = { name: berth.username, password: berth.password }
  const outcome = await fuzz({ origin: berth.origin, admin, seed: options.seed, count })
  const { failures, failed, statuses, operations, neverSucceeded } = outcome
  for (const failure of failures.slice(0, failuresShown)) console.log(failure)
  const errors = berth
    .logs()
    .split('\n')
    .filter((line) => line.includes('"err"'))
  for (const line of errors.slice(0, linesShown)) console.log(line)
  const counts = [...statuses].sort(([a], [b]) => a - b)
  console.log(`statuses: ${counts.map(([status, times]) => `${status} x ${times}`).join(', ')}`)
  console.log(`never succeeded: ${neverSucceeded.join(', ') || 'none'}`)
  console.log(`seed ${options.seed}, ${operations} operations, ${failures.length} kinds of failure`)
  console.log(`${count - failed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
} finally {
  closeConnections()
  await berth.stop()
}
