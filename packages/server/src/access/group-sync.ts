import type { Executor, Transaction } from '../metadata/database.ts'
import {
  findExternalGroups,
  insertGroupMember,
  listGroupsOfUser,
  removeGroupMember,
  type StoredGroup,
} from '../metadata/groups.ts'

/** What has to happen so that a user is in exactly those groups of a source that the source names. */
export type GroupDifference = {
  readonly added: readonly StoredGroup[]
  readonly removed: readonly StoredGroup[]
}

/** Names of groups that exist here only as a name there are passed over; groups of other sources are left alone. */
export async function compareGroups(
  db: Executor,
  userId: string,
  source: string,
  externalNames: readonly string[],
): Promise<GroupDifference> {
  // No group here has a control character in its name, and PostgreSQL cannot even be asked for some.
  const names = externalNames.filter((name) => !/\p{Cc}/u.test(name))
  const wanted = await findExternalGroups(db, source, names)
  const held = (await listGroupsOfUser(db, userId)).filter((group) => group.source === source)
  const without = (groups: readonly StoredGroup[], others: readonly StoredGroup[]) => {
    const ids = new Set(others.map(({ id }) => id))
    return groups.filter(({ id }) => !ids.has(id))
  }
  return { added: without(wanted, held), removed: without(held, wanted) }
}

export async function applyDifference(
  tx: Transaction,
  userId: string,
  { added, removed }: GroupDifference,
  now: string,
): Promise<void> {
  for (const { id } of added) {
    await insertGroupMember(tx, { groupId: id, userId, createdAt: now })
  }
  for (const { id } of removed) await removeGroupMember(tx, { groupId: id, userId })
}
