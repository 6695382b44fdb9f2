import type { RegistryAction } from '../kinds/kind.ts'

export type PullOrPush = 'pull' | 'push' | 'delete'

/** What an access token is asked for (distribution token specification): `repository:acme/api:pull,push`. */
export function repositoryScope(repository: string, ...actions: readonly PullOrPush[]): string {
  return `repository:${repository}:${actions.join(',')}`
}

/** Listing repositories. */
export const catalogScope = 'registry:catalog:*'

/** What a scope stands for when it has to be explained to a person: its strongest action. */
export function actionOfScope(scope: string): RegistryAction {
  if (scope === catalogScope) return 'list'
  const actions = scope.slice(scope.lastIndexOf(':') + 1).split(',')
  if (actions.includes('delete') || actions.includes('*')) return 'delete'
  return actions.includes('push') ? 'push' : 'pull'
}
