import {
  createInstanceVexStatement,
  createVexStatement,
  listInstanceVexStatements,
  listVexStatements,
  revokeInstanceVexStatement,
  revokeVexStatement,
  uploadInstanceVexDocument,
  uploadVexDocument,
} from '@berth/api/vex.ts'
import type { VexStatements } from '../../scan/vex.ts'
import { type Binding, bind } from './call.ts'

const reading = { on: 'project', action: 'readProject' } as const
const judging = { on: 'project', action: 'judgeFindings' } as const
const readingInstance = { on: 'instance', action: 'readSystem' } as const
const judgingInstance = { on: 'instance', action: 'manageSystem' } as const
const root = ''

/** What people say of vulnerabilities. */
export const vexRoutes: readonly Binding[] = [
  bind(listVexStatements, reading, async ({ vexStatements }, { params, query }) => {
    const { project } = params
    const { state, vulnerability, after, limit } = query
    const page = { state, vulnerability, after, limit }
    const { items, next } = await vexStatements.list(project, page)
    return { body: { items: items.map((row) => toBody(row, project)), next } }
  }),
  bind(createVexStatement, judging, async ({ vexStatements }, { params, body, context }) => {
    const { project } = params
    const row = await vexStatements.create(context, project, body)
    const location = `/projects/${encodeURIComponent(project)}/vex-statements/${row.id}`
    return { body: toBody(row, project), location }
  }),
  bind(uploadVexDocument, judging, async ({ vexStatements }, { params, body, context }) => ({
    body: await upload(vexStatements, context, params.project, body),
    location: `/projects/${encodeURIComponent(params.project)}/vex-statements`,
  })),
  bind(revokeVexStatement, judging, async ({ vexStatements }, { params, context }) => {
    const { project, statement } = params
    return { body: toBody(await vexStatements.revoke(context, project, statement), project) }
  }),
  bind(listInstanceVexStatements, readingInstance, async ({ vexStatements }, { query }) => {
    const { scope, state, vulnerability, after, limit } = query
    const page = { state, vulnerability, after, limit }
    if (scope === 'instance') {
      const { items, next } = await vexStatements.list(root, page)
      return { body: { items: items.map((row) => toBody(row, root)), next } }
    }
    const { items, next } = await vexStatements.listAll(page)
    return { body: { items: items.map((row) => toBody(row, row.project)), next } }
  }),
  bind(
    createInstanceVexStatement,
    judgingInstance,
    async ({ vexStatements }, { body, context }) => {
      const row = await vexStatements.create(context, root, body)
      return { body: toBody(row, root), location: `/system/vex-statements/${row.id}` }
    },
  ),
  bind(
    uploadInstanceVexDocument,
    judgingInstance,
    async ({ vexStatements }, { body, context }) => ({
      body: await upload(vexStatements, context, root, body),
      location: '/system/vex-statements',
    }),
  ),
  bind(
    revokeInstanceVexStatement,
    judgingInstance,
    async ({ vexStatements }, { params, context }) => ({
      body: toBody(await vexStatements.revoke(context, root, params.statement), root),
    }),
  ),
]

async function upload(
  statements: VexStatements,
  context: Parameters<VexStatements['upload']>[0],
  project: string,
  { document, ...scope }: { document: unknown } & Parameters<VexStatements['upload']>[3],
) {
  const { created, leftOut } = await statements.upload(context, project, document, scope)
  return { created: created.map((row) => toBody(row, project)), leftOut }
}

function toBody(row: Awaited<ReturnType<VexStatements['create']>>, project: string) {
  return {
    id: row.id,
    project,
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
