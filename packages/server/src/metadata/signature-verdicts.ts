import type { ExpressionBuilder } from 'kysely'
import type { Executor, Transaction } from './database.ts'
import { namesFrom } from './name-range.ts'
import type { Schema } from './schema.ts'
import type { SignatureVerdictsTable } from './signature-schema.ts'

export type StoredVerdict = Omit<SignatureVerdictsTable, 'repository_id' | 'subject_digest'>

/** Manifests that may carry signatures of a subject: those that name it, and those under cosign's tags for it. */
export async function signatureSources(
  db: Executor,
  query: {
    readonly repositoryId: number
    readonly subject: string
    readonly tags: readonly string[]
    readonly limit: number
  },
): Promise<string[]> {
  const { repositoryId, subject, tags, limit } = query
  const named = await db
    .selectFrom('manifests')
    .select('digest')
    .where('repository_id', '=', repositoryId)
    .where('subject_digest', '=', subject)
    .orderBy('digest')
    .limit(limit)
    .execute()
  const tagged =
    tags.length === 0
      ? []
      : await db
          .selectFrom('tags')
          .select('manifest_digest as digest')
          .where('repository_id', '=', repositoryId)
          .where('name', 'in', tags)
          .execute()
  return [...new Set([...named, ...tagged].map(({ digest }) => digest))].toSorted()
}

/** By source and position. */
export function verdictsOf(
  db: Executor,
  repositoryId: number,
  subject: string,
): Promise<StoredVerdict[]> {
  return db
    .selectFrom('signature_verdicts')
    .select([
      'source_digest',
      'position',
      'state',
      'what',
      'identity',
      'predicate_type',
      'reason',
      'message',
      'signed_at',
      'verified_at',
    ])
    .where('repository_id', '=', repositoryId)
    .where('subject_digest', '=', subject)
    .orderBy('source_digest')
    .orderBy('position')
    .execute()
}

/** How many verdicts of each kind there are on each of these manifests, 500 at most. */
export async function countVerdicts(
  db: Executor,
  repositoryId: number,
  subjects: readonly string[],
): Promise<Map<string, { verified: number; refused: number }>> {
  const counts = new Map<string, { verified: number; refused: number }>()
  if (subjects.length === 0) return counts
  const rows = await db
    .selectFrom('signature_verdicts')
    .select(['subject_digest as subject', 'state'])
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('repository_id', '=', repositoryId)
    .where('subject_digest', 'in', subjects)
    .groupBy(['subject_digest', 'state'])
    .execute()
  for (const { subject, state, count } of rows) {
    const counted = counts.get(subject) ?? { verified: 0, refused: 0 }
    counted[state] = count
    counts.set(subject, counted)
  }
  return counts
}

/** Puts these in the place of all that was said of the subject. */
export async function replaceVerdicts(
  tx: Transaction,
  repositoryId: number,
  subject: string,
  verdicts: readonly StoredVerdict[],
): Promise<void> {
  await tx
    .deleteFrom('signature_verdicts')
    .where('repository_id', '=', repositoryId)
    .where('subject_digest', '=', subject)
    .execute()
  if (verdicts.length === 0) return
  await tx
    .insertInto('signature_verdicts')
    .values(
      verdicts.map((verdict) => ({
        repository_id: repositoryId,
        subject_digest: subject,
        ...verdict,
      })),
    )
    .execute()
}

/** Drops what was said of the signatures in a manifest; `false` when nothing was. */
export async function dropVerdictsOf(
  tx: Transaction,
  repositoryId: number,
  source: string,
): Promise<boolean> {
  const result = await tx
    .deleteFrom('signature_verdicts')
    .where('repository_id', '=', repositoryId)
    .where('source_digest', '=', source)
    .executeTakeFirst()
  return result.numDeletedRows > 0n
}

/** Subjects with signatures in the repositories of a project and below it, after a place in their order. */
export function signedSubjects(
  db: Executor,
  query: {
    /** `''`: everywhere. */
    readonly project: string
    readonly after: { readonly repository: string; readonly digest: string }
    readonly limit: number
  },
): Promise<{ repository: string; digest: string }[]> {
  const { project, after, limit } = query
  return db
    .selectFrom('signature_verdicts')
    .innerJoin('repositories', 'repositories.id', 'signature_verdicts.repository_id')
    .select(['repositories.name as repository', 'signature_verdicts.subject_digest as digest'])
    .distinct()
    .$if(project !== '', (select) => select.where(isWithin(project)))
    .where((eb) =>
      eb.or([
        eb('repositories.name', '>', after.repository),
        eb.and([
          eb('repositories.name', '=', after.repository),
          eb('signature_verdicts.subject_digest', '>', after.digest),
        ]),
      ]),
    )
    .orderBy('repositories.name')
    .orderBy('signature_verdicts.subject_digest')
    .limit(limit)
    .execute()
}

/** What an identity of the project had vouched for counts no more, at once, in the project and below it. */
export async function refuseIdentity(
  tx: Transaction,
  project: string,
  identity: string,
  refusal: { reason: string; message: string; now: string },
): Promise<void> {
  await tx
    .updateTable('signature_verdicts')
    .set({
      state: 'refused',
      identity: '',
      reason: refusal.reason,
      message: refusal.message,
      verified_at: refusal.now,
    })
    .where('identity', '=', identity)
    .where('repository_id', 'in', (eb) =>
      eb
        .selectFrom('repositories')
        .select('repositories.id')
        .$if(project !== '', (select) => select.where(isWithin(project))),
    )
    .execute()
}

/** The repository of the project's own name, and those below it. */
function isWithin(project: string) {
  const below = namesFrom(`${project}/`)
  return (eb: ExpressionBuilder<Schema, 'repositories'>) =>
    eb.or([
      eb('repositories.name', '=', project),
      eb.and([
        eb('repositories.name', '>=', below.from),
        eb('repositories.name', '<', below.before),
      ]),
    ])
}
