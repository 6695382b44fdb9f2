import {
  exportAuditEntries,
  exportProjectAuditEntries,
  listAuditEntries,
  listProjectAuditEntries,
  readAuditStatus,
} from '@berth/api/audit.ts'
import type { Caller } from '../../access/caller.ts'
import { exportEntries, type ExportFormat, exportMediaTypes } from '../../audit/export.ts'
import type { AuditEntry, AuditFilter, AuditLog } from '../../audit/log.ts'
import { BerthError } from '../../errors.ts'
import { type Binding, bind, type ManagementAnswer } from './call.ts'

const everything = { on: 'instance', action: 'readSystem' } as const
const ofProject = { on: 'project', action: 'readAudit' } as const

type Json = ReturnType<typeof JSON.parse>
type MayRead = (project: string) => Promise<boolean>

/** The audit log of the instance, and of a project with those below it. */
export const auditRoutes: readonly Binding[] = [
  bind(listAuditEntries, everything, async ({ audit }, { query }) => ({
    body: await pageOf(audit, filterOf(query), query, () => Promise.resolve(true)),
  })),
  bind(exportAuditEntries, everything, async ({ audit }, { query }) =>
    exportOf(audit, filterOf(query), query.format, undefined),
  ),
  bind(readAuditStatus, everything, async ({ audit }) => {
    const { head, removed, unsealed, forwarded } = await audit.status()
    return {
      body: {
        head,
        removed,
        unsealed,
        forwarded: forwarded.map((target) => ({
          ...target,
          failure: target.failure ?? null,
        })),
      },
    }
  }),
  bind(listProjectAuditEntries, ofProject, async ({ audit }, { params, query, caller }) => {
    const filter = { ...filterOf(query), projectTree: params.project }
    return { body: await pageOf(audit, filter, query, mayAudit(caller)) }
  }),
  bind(exportProjectAuditEntries, ofProject, async ({ audit }, { params, query, caller }) => {
    const filter = { ...filterOf(query), projectTree: params.project }
    return exportOf(audit, filter, query.format, mayAudit(caller))
  }),
]

/**
 * Below a project others may rule: what its admins may not audit is left away, entry by entry. What became of a project
 * that is no longer there, only those see who may read the whole log.
 */
function mayAudit(caller: Caller): MayRead {
  const known = new Map<string, Promise<boolean>>()
  return (project) => {
    const answer = known.get(project) ?? caller.mayProject('readAudit', project)
    known.set(project, answer)
    return answer
  }
}

async function pageOf(
  audit: AuditLog,
  filter: AuditFilter,
  page: { limit: number; after?: string | undefined },
  mayRead: MayRead,
) {
  const { entries, next } = await audit.findPage(filter, {
    after: parseAfter(page.after),
    limit: page.limit,
  })
  const items = []
  for (const entry of entries) if (await mayRead(entry.project)) items.push(toBody(entry))
  return { items, next: next === undefined ? null : String(next) }
}

function exportOf(
  audit: AuditLog,
  filter: AuditFilter,
  format: ExportFormat,
  mayRead: MayRead | undefined,
): { body: undefined; stream: NonNullable<ManagementAnswer<typeof exportAuditEntries>['stream']> } {
  const content = exportEntries(audit, filter, { format, ...(mayRead && { mayRead }) })
  return {
    body: undefined,
    stream: { mediaType: exportMediaTypes[format], content, fileName: `audit.${format}` },
  }
}

type Query = Omit<AuditFilter, 'from' | 'to'> & {
  from?: string | undefined
  to?: string | undefined
}

function filterOf({ from, to, ...rest }: Query & Record<string, unknown>): AuditFilter {
  const { actor, action, target, targetPrefix, project, projectTree } = rest
  const { outcome, address, requestId } = rest
  return {
    actor,
    action,
    target,
    targetPrefix,
    project,
    projectTree,
    outcome,
    address,
    requestId,
    from: asStored(from),
    to: asStored(to),
  }
}

/** Times are compared as text, so they are written as the entries have them. */
function asStored(time: string | undefined): string | undefined {
  return time === undefined ? undefined : new Date(time).toISOString()
}

function parseAfter(after: string | undefined): number | undefined {
  if (after === undefined) return undefined
  if (/^\d{1,15}$/.test(after)) return Number(after)
  throw new BerthError('requestInvalid', '`after` must be `next` of the page before.', {
    details: [{ field: 'after', rule: 'cursor' }],
  })
}

function toBody(entry: AuditEntry) {
  const { id, position, hash, at, action, project, outcome, address } = entry
  return {
    id,
    position,
    hash,
    at,
    actor: { kind: entry.actor_kind, id: entry.actor_id, name: entry.actor_name },
    action,
    target: { kind: entry.target_kind, name: entry.target },
    project,
    outcome,
    address,
    requestId: entry.request_id,
    before: parseValue(entry.before),
    after: parseValue(entry.after),
  }
}

/** Whoever altered an entry in the database may have left what is not JSON. */
function parseValue(text: string | null): Json {
  if (text === null) return null
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
