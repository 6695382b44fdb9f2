import {
  deleteRepository,
  listRepositories,
  readRepository,
  updateRepository,
} from '@berth/api/repositories.ts'
import { parseRepositoryName, type RepositoryName } from '@berth/oci/reference.ts'
import type { Caller } from '../../access/caller.ts'
import { writePermit } from '../write-permit.ts'
import { allowedInRepository } from './allowed-actions.ts'
import { type Binding, bind } from './call.ts'
import type { ManagementDoor } from './door.ts'

/** Repositories: list them, look at one, describe one, empty one. */
export const repositoryRoutes: readonly Binding[] = [
  bind(listRepositories, { on: 'anyone' }, async ({ repositories }, { query, caller }) => {
    const { sort, order, project, prefix, contains, after, limit } = query
    const page = { sort, order, project, prefix, contains, after, limit }
    return { body: await repositories.listRepositories(caller, page) }
  }),
  bind(readRepository, { on: 'repository', action: 'pull' }, (door, { params, caller }) =>
    read(door, caller, parseRepositoryName(params.repository)),
  ),
  bind(updateRepository, { on: 'repository', action: 'delete' }, async (door, call) => {
    const name = parseRepositoryName(call.params.repository)
    await door.repositoryText.updateRepository(call.context, name, call.body, call.ifMatch)
    return read(door, call.caller, name)
  }),
  bind(
    deleteRepository,
    { on: 'repository', action: 'delete' },
    async ({ repositoryRemoval }, call) => {
      const name = parseRepositoryName(call.params.repository)
      return {
        body: await repositoryRemoval.deleteRepository(
          name,
          writePermit(call.caller, call.context.requestId),
        ),
      }
    },
  ),
]

async function read({ repositories }: ManagementDoor, caller: Caller, name: RepositoryName) {
  const repository = await repositories.getRepository(name)
  const allowed = await allowedInRepository(caller, name, repository.project)
  return { body: { ...repository, allowed }, version: repository.version }
}
