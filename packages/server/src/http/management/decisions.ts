import { explainDecision, listDenials, listInstanceDenials } from '@berth/api/decisions.ts'
import { parseReference, parseRepositoryName } from '@berth/oci/reference.ts'
import type { Caller } from '../../access/caller.ts'
import type { AuditEntry, AuditLog } from '../../audit/log.ts'
import type { Explanation } from '../../policy/decisions.ts'
import { BerthError } from '../../errors.ts'
import { type Binding, bind } from './call.ts'
import { toEvaluation } from './decision-view.ts'

/** Why something may be pulled, or why not; and what was blocked. */
export const decisionRoutes: readonly Binding[] = [
  bind(
    explainDecision,
    { on: 'repository', action: 'pull' },
    async ({ decisions }, { params, query: { stage } }) => {
      const repository = parseRepositoryName(params.repository)
      const found = await decisions.explain(repository, parseReference(params.reference), stage)
      return {
        body: {
          repository,
          digest: found.digest,
          stage,
          ...toEvaluation(found),
          inputs: inputsOf(found),
        },
      }
    },
  ),
  bind(
    listDenials,
    { on: 'project', action: 'managePolicy' },
    async ({ audit, projects }, { params: { project }, query, caller }) => {
      await projects.readProject(project)
      return { body: await denialsOf(audit, { projectTree: project }, query, caller) }
    },
  ),
  bind(
    listInstanceDenials,
    { on: 'instance', action: 'readSystem' },
    async ({ audit }, { query, caller }) => ({
      body: await denialsOf(audit, {}, query, caller),
    }),
  ),
]

async function denialsOf(
  audit: AuditLog,
  where: { projectTree?: string },
  query: { after?: string | undefined; limit: number },
  caller: Caller,
) {
  const page = { after: readPlace(query.after), limit: query.limit }
  const { entries, next } = await audit.findPage({ action: 'policy.denied', ...where }, page)
  const items: ReturnType<typeof toDenial>[] = []
  for (const denial of entries.map(toDenial)) {
    if (await mayPull(caller, denial.repository)) items.push(denial)
  }
  return { items, next: next === undefined ? null : String(next) }
}

/** A project further down may be closed to those who manage this one. */
async function mayPull(caller: Caller, repository: string): Promise<boolean> {
  return caller.may('pull', parseRepositoryName(repository))
}

function inputsOf({ facts, policies }: Explanation) {
  return {
    images: facts.images.map(({ digest, platform, scan }) => ({
      digest,
      platform: platform ?? null,
      scan: {
        state: scan.state,
        matchedAt: scan.matchedAt ?? null,
        dataBuiltAt: scan.dataBuiltAt ?? null,
        dataRevision: scan.dataRevision,
      },
    })),
    signatures: facts.signatures.map(({ identity, what, predicateType, on }) => ({
      identity,
      what,
      predicateType,
      on,
    })),
    policies: [...policies],
    tags: [...facts.tags],
  }
}

function toDenial({ at, actor_name: actor, target: repository, after }: AuditEntry) {
  const told = after === null ? {} : (JSON.parse(after) as { reason?: unknown; count?: unknown })
  return {
    at,
    actor,
    repository,
    reason: typeof told.reason === 'string' ? told.reason : '',
    count: typeof told.count === 'number' ? told.count : 1,
  }
}

function readPlace(after: string | undefined): number | undefined {
  if (after === undefined) return undefined
  if (/^\d{1,15}$/.test(after)) return Number(after)
  throw new BerthError('requestInvalid', 'The parameter "after" is not the "next" of a page.', {
    details: [{ field: 'after', rule: 'cursor' }],
  })
}
