import { join } from 'node:path'
import { type AuditFilter, AuditLog } from '../../packages/server/src/audit/log.ts'
import { AuditSealer } from '../../packages/server/src/audit/sealer.ts'
import { AuditVerification } from '../../packages/server/src/audit/verification.ts'
import type { Database } from '../../packages/server/src/metadata/database.ts'
import { openPostgres } from '../../packages/server/src/metadata/postgres.ts'
import { openSqlite } from '../../packages/server/src/metadata/sqlite.ts'
import { findPostgres, startPostgres } from '../../packages/server/src/testing/postgres-server.ts'
import {
  formerProject,
  loadAudit,
  projectNames,
  rareAction,
  readerAction,
  timeOf,
} from '../load-audit.ts'
import { quantile } from '../statistics.ts'
import {
  type Bar,
  type Context,
  limitBar,
  type Row,
  type Scenario,
  type ScenarioResult,
} from './scenario.ts'

const pageLimitMs = 100
const pageSize = 50
const bars = [
  'SQLite: the slowest filtered page of 1,000,000 entries in <= 100 ms',
  'PostgreSQL: the slowest filtered page of 1,000,000 entries in <= 100 ms',
] as const

export const audit: Scenario = {
  name: 'audit',
  title: 'Pages of an audit log of 1,000,000 entries, by every filter and common pairs of them',
  heavy: true,
  berthOnly: true,
  bars: [...bars],
  run,
}

async function run(context: Context): Promise<ScenarioResult> {
  const { workspace, settings } = context
  const count = settings.quick ? 100_000 : 1_000_000
  const sqlite = await openSqlite({ file: join(workspace.folder('audit'), 'metadata.sqlite') })
  const ofSqlite = await measure(context, 'SQLite', sqlite, count)
  const ofPostgres = await onPostgres((database) => measure(context, 'PostgreSQL', database, count))
  return {
    rows: [...ofSqlite.rows, ...(ofPostgres?.rows ?? [])],
    bars: [
      limitBar(bars[0], ofSqlite.slowest, pageLimitMs, 'ms'),
      limitBar(bars[1], ofPostgres?.slowest, pageLimitMs, 'ms'),
    ] satisfies Bar[],
    notes: [
      `Pages of ${pageSize}, ${settings.rounds} rounds, each with the first page and three that follow it; a page that was cut short counts as one. In the process, without HTTP. PostgreSQL is that of the tests, without fsync.`,
      ...(settings.quick ? ['100,000 entries (--quick).'] : []),
    ],
  }
}

async function onPostgres<T>(work: (database: Database) => Promise<T>): Promise<T | undefined> {
  if (findPostgres() === undefined) return undefined
  const server = await startPostgres()
  try {
    return await work(await openPostgres({ url: server.url, maxConnections: 4 }))
  } finally {
    await server.stop()
  }
}

async function measure(
  context: Context,
  name: string,
  database: Database,
  count: number,
): Promise<{ rows: Row[]; slowest: number }> {
  try {
    const loading = performance.now()
    await loadAudit(database, count)
    context.log(`${name}: loaded in ${seconds(loading)} s`)
    const rows = await measurePages(context, name, new AuditLog({ database }), count)
    const sealing = performance.now()
    await new AuditSealer({ database, now: Date.now }).seal()
    const sealed = performance.now() - sealing
    const verifying = performance.now()
    const { fault } = await new AuditVerification({ database }).run()
    if (fault) throw new Error(`The chain is broken at ${fault.position}.`)
    const verified = performance.now() - verifying
    const rate = (work: string, milliseconds: number): Row => ({
      contender: name,
      work,
      unit: 'entries/s',
      values: [(count / milliseconds) * 1000],
    })
    const slowest = Math.max(...rows.flatMap(({ values }) => values))
    return { rows: [...rows, rate('seal', sealed), rate('verify', verified)], slowest }
  } finally {
    await database.close()
  }
}

async function measurePages(
  context: Context,
  name: string,
  log: AuditLog,
  count: number,
): Promise<Row[]> {
  const rows: Row[] = []
  for (const [work, filter] of filtersFor(count)) {
    const values: number[] = []
    let found = 0
    for (let round = 0; round < context.settings.rounds; round += 1) {
      let after: number | undefined
      for (let page = 0; page < 4; page += 1) {
        const started = performance.now()
        const { entries, next } = await log.findPage(filter, { after, limit: pageSize })
        values.push(performance.now() - started)
        if (page === 0) found = entries.length
        after = next
        if (after === undefined) break
      }
    }
    const further = { 'p99 ms': quantile(values, 0.99), 'on the first page': found }
    rows.push({ contender: name, work, unit: 'ms', values, further })
    context.log(`${name} ${work}: ${Math.max(...values).toFixed(1)} ms at most, ${found} entries`)
  }
  return rows
}

function filtersFor(count: number): [string, AuditFilter][] {
  const [project = ''] = projectNames
  const target = `${project}/repository-1:v1`
  const robot = 'robot-ci'
  const lastDay = { from: timeOf(count - 4000), to: timeOf(count) }
  const firstDay = { from: timeOf(0), to: timeOf(4000) }
  return [
    ['no filter', {}],
    ['actor, frequent', { actor: robot }],
    ['actor', { actor: 'user-7' }],
    ['actor, unknown', { actor: 'nobody' }],
    ['action, frequent', { action: 'tag.moved' }],
    ['action, rare', { action: rareAction }],
    ['actions of a kind', { action: 'tag.' }],
    ['actions of a rare kind', { action: 'project.' }],
    ['target', { target }],
    ['target, unknown', { target: 'x' }],
    ['targets by prefix', { targetPrefix: `${project}/repository-1` }],
    ['targets by prefix, all', { targetPrefix: 'team' }],
    ['targets by prefix, old', { targetPrefix: 'former/' }],
    ['project', { project }],
    ['project, old', { project: formerProject }],
    ['project tree', { projectTree: project }],
    ['project tree, old', { projectTree: 'former' }],
    ['project tree, unknown', { projectTree: 'unknown' }],
    ['outcome success', { outcome: 'success' }],
    ['outcome denied', { outcome: 'denied' }],
    ['outcome failure', { outcome: 'failure' }],
    ['address', { address: '10.1.7.7' }],
    ['request', { requestId: `request-${Math.floor(count / 3)}` }],
    ['time, last', lastDay],
    ['time, first', firstDay],
    ['time, all', { from: timeOf(0) }],
    ['actor and action', { actor: robot, action: 'tag.moved' }],
    ['actor and action, rare', { actor: robot, action: rareAction }],
    ['actor and actions that never meet', { actor: 'user-7', action: 'project.' }],
    ['actor and project', { actor: robot, project }],
    ['actor and project, old', { actor: robot, project: formerProject }],
    ['actor and outcome', { actor: 'user-7', outcome: 'denied' }],
    ['actor and time', { actor: 'user-7', ...firstDay }],
    ['project tree and action', { projectTree: project, action: readerAction }],
    ['project tree and time, old', { projectTree: 'former', ...firstDay }],
    ['project tree and time that never meet', { projectTree: 'former', ...lastDay }],
    ['project tree and outcome', { projectTree: project, outcome: 'denied' }],
    ['target prefix and actor', { targetPrefix: `${project}/`, actor: 'user-7' }],
    ['target and action', { target, action: 'tag.moved' }],
    ['outcome and time', { outcome: 'denied', ...lastDay }],
    ['two that are frequent and never meet', { action: readerAction, outcome: 'failure' }],
    ['frequent action and old half', { action: 'tag.', actor: robot, to: timeOf(count / 2) }],
  ]
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(0)
}
