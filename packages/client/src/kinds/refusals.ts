import type { Refusal, RegistryAction } from './kind.ts'

export type Explanation = { readonly meaning: string; readonly next: string }

const doing: Readonly<Record<RegistryAction, string>> = {
  list: 'list the repositories of',
  pull: 'pull from',
  push: 'push to',
  delete: 'delete in',
}

/** What was refused, as the end of a sentence: `push to ghcr.io/acme/api`. */
export function refusedAct({ action, registry, repository }: Refusal): string {
  const place =
    repository === undefined || action === 'list' ? registry : `${registry}/${repository}`
  return `${doing[action]} ${place}`
}

/** What a refusal means where nothing more is known about the kind of registry. */
export function explainGenerally(refusal: Refusal): Explanation {
  const { registry, status, isSignedIn } = refusal
  const act = refusedAct(refusal)
  if (status === 429) {
    return {
      meaning: `${registry} asks for fewer requests.`,
      next: isSignedIn
        ? 'Try again later.'
        : `Run "berth login ${registry}": most registries allow more to those they know.`,
    }
  }
  if (!isSignedIn) {
    return {
      meaning: `${registry} does not let just anyone ${act}.`,
      next: `Run "berth login ${registry}".`,
    }
  }
  if (status === 401) {
    return {
      meaning: `${registry} does not accept the stored credentials: they are wrong, were revoked or have run out.`,
      next: `Run "berth login ${registry}" again.`,
    }
  }
  if (status === 404) {
    return {
      meaning: `There is no such repository in ${registry}, or you may not see it.`,
      next: 'Check the name, and whether your login may see it.',
    }
  }
  return {
    meaning: `${registry} knows you and does not let you ${act}.`,
    next: `Ask whoever runs ${registry} for the right to ${refusal.action}.`,
  }
}
