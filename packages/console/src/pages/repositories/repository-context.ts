import type { ClientAnswer } from '@berth/api/client.ts'
import type { readRepository } from '@berth/api/repositories.ts'
import { createContext, useContext } from 'react'

export type Repository = ClientAnswer<typeof readRepository>['body']

const context = createContext<Repository | undefined>(undefined)

export const RepositoryProvider = context.Provider

/** The repository whose pages these are, and what may be done with it: only to offer it, the server decides. */
export function useRepository() {
  const repository = useContext(context)
  if (!repository) throw new Error('no repository is open')
  return {
    repository,
    may: (action: Repository['allowed'][number]) => repository.allowed.includes(action),
  }
}
