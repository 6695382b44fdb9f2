import type { Database } from '../packages/server/src/metadata/database.ts'

const rowsPerStatement = 1000
const rowsPerTransaction = 20_000
const start = Date.parse('2025-01-01T00:00:00.000Z')
const secondsApart = 20

export const projectNames = Array.from({ length: 200 }, (_, number) =>
  number < 100 ? `team-${number}` : `team-${number - 100}/service`,
)
/** All that it did lies in the oldest tenth. */
export const formerProject = 'former/team'
/** One entry in a hundred thousand. */
export const rareAction = 'project.deleted'
/** Frequent, but never with the actions of pushes. */
export const readerAction = 'session.created'

const pushActions = ['tag.moved', 'manifest.pushed', 'tag.created']

export function timeOf(number: number): string {
  return new Date(start + number * secondsApart * 1000).toISOString()
}

/**
 * Writes `count` entries of a busy registry: 200 projects, 500 actors of whom one robot does half of it, 20,000 repositories
 * with their tags, 2% refused.
 */
export async function loadAudit(database: Database, count: number): Promise<void> {
  for (let from = 0; from < count; from += rowsPerTransaction) {
    await database.relaxedTransaction(async (tx) => {
      const end = Math.min(count, from + rowsPerTransaction)
      for (let at = from; at < end; at += rowsPerStatement) {
        const length = Math.min(rowsPerStatement, end - at)
        await tx
          .insertInto('audit_entries')
          .values(Array.from({ length }, (_, index) => entry(at + index, count)))
          .execute()
      }
    })
  }
}

/** Each column follows a hash of the number, so that the values of two columns are independent of one another. */
function entry(number: number, count: number) {
  const old = number < count / 10 && number % 8 === 0
  const session = hash(number, 1) % 5 === 0
  const project = old ? formerProject : pick(projectNames, hash(number, 2))
  const robot = hash(number, 3) % 2 === 0
  const repository = `${project}/repository-${hash(number, 4) % 100}`
  const action = session ? readerAction : pick(pushActions, hash(number, 5))
  return {
    at: timeOf(number),
    actor_kind: robot ? 'robot' : 'user',
    actor_id: `actor-${robot ? 0 : hash(number, 6) % 500}`,
    actor_name: robot ? 'robot-ci' : `user-${hash(number, 6) % 500}`,
    action: number % 100_000 === 77 ? rareAction : action,
    target_kind: 'tag',
    target: `${repository}:v${hash(number, 7) % 50}`,
    project,
    outcome: hash(number, 8) % 50 === 0 ? ('denied' as const) : ('success' as const),
    address: `10.${hash(number, 9) % 4}.${hash(number, 10) % 256}.7`,
    request_id: `request-${number}`,
    before: `{"digest":"sha256:${'a'.repeat(64)}"}`,
    after: `{"digest":"sha256:${'b'.repeat(64)}"}`,
    position: null,
    hash: null,
  }
}

function pick<T>(list: readonly T[], number: number): T {
  return list[number % list.length] as T
}

/** Spreads the bits of a number (the finaliser of MurmurHash3). */
function hash(number: number, salt: number): number {
  let bits = Math.imul(number + 1, 0x9e3779b1) ^ Math.imul(salt, 0x7feb352d)
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}
