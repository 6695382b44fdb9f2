import type { Executor } from './database.ts'
import { type StoredUser, userColumns } from './users.ts'

/** Every user who comes from the htpasswd file; there are as many as a file of 4 MiB has lines. */
export function listHtpasswdUsers(db: Executor): Promise<StoredUser[]> {
  return db
    .selectFrom('users')
    .select(userColumns)
    .where('source', '=', 'htpasswd')
    .orderBy('name')
    .execute()
}
