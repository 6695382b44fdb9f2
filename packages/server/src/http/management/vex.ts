import {
  createVexStatement,
  listVexStatements,
  revokeVexStatement,
  uploadVexDocument,
} from '@berth/api/vex.ts'
import type { VexStatements } from '../../scan/vex.ts'
import { type Binding, bind } from './call.ts'

const reading = { on: 'project', action: 'readProject' } as const
const judging = { on: 'project', action: 'judgeFindings' } as const

/** What people say of vulnerabilities. */
export const vexRoutes: readonly Binding[] = [
  bind(listVexStatements, reading, async ({ vexStatements }, { params, query }) => {
    const { state, vulnerability, after, limit } = query
    const { items, next } = await vexStatements.list(params.project, {
      state,
      vulnerability,
      after,
      limit,
    })
    return { body: { items: items.map(toBody), next } }
  }),
  bind(createVexStatement, judging, async ({ vexStatements }, { params, body, context }) => {
    const row = await vexStatements.create(context, params.project, body)
    const location = `/projects/${encodeURIComponent(params.project)}/vex-statements/${row.id}`
    return { body: toBody(row), location }
  }),
  bind(uploadVexDocument, judging, async ({ vexStatements }, { params, body, context }) => {
    const { document, ...scope } = body
    const { created, leftOut } = await vexStatements.upload(
      context,
      params.project,
      document,
      scope,
    )
    const location = `/projects/${encodeURIComponent(params.project)}/vex-statements`
    return { body: { created: created.map(toBody), leftOut }, location }
  }),
  bind(revokeVexStatement, judging, async ({ vexStatements }, { params, context }) => ({
    body: toBody(await vexStatements.revoke(context, params.project, params.statement)),
  })),
]

function toBody(row: Awaited<ReturnType<VexStatements['create']>>) {
  return {
    id: row.id,
    repository: row.repository === '' ? null : row.repository,
    image: row.image_digest === '' ? null : row.image_digest,
    vulnerability: row.vulnerability,
    package: row.package === '' ? null : row.package,
    status: row.status,
    justification: row.justification,
    statement: row.statement,
    author: row.author,
    source: row.source,
    sourceDigest: row.source_digest === '' ? null : row.source_digest,
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
    revokedBy: row.revoked_by,
  }
}
