import { deleteRepository, listRepositories, readRepository } from '@berth/api/repositories.ts'
import { parseRepositoryName } from '@berth/oci/reference.ts'
import { type Binding, bind } from './call.ts'
import { writePermit } from '../write-permit.ts'

/** Repositories: list them, look at one, empty one. */
export const repositoryRoutes: readonly Binding[] = [
  bind(listRepositories, { on: 'anyone' }, async ({ repositories }, { query, caller }) => {
    const { project, prefix, after, limit } = query
    return { body: await repositories.listRepositories(caller, { project, prefix, after, limit }) }
  }),
  bind(
    readRepository,
    { on: 'repository', action: 'pull' },
    async ({ repositories }, { params }) => ({
      body: await repositories.getRepository(parseRepositoryName(params.repository)),
    }),
  ),
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
