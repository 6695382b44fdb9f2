import type { Refusal, RegistryAction } from './kind.ts'

/** What a refusal means, and what to do now: a whole sentence each. */
export type Explanation = { readonly meaning: string; readonly next: string }

/** What one kind of registry calls its rights. */
export type RefusalWords = {
  /** The right that each action needs, as part of a sentence: `the scope write:packages`. */
  readonly rights: Readonly<Record<RegistryAction, string>>
  /** Where whoever may do so grants it. */
  readonly grant: string
  /** What to do about credentials that are not accepted. Default: log in again. */
  readonly renew?: string | undefined
  /** A repository that a push or a deletion did not find. */
  readonly missing?: Explanation | undefined
  readonly limited?: Explanation | undefined
}

const plainWords: RefusalWords = {
  rights: {
    list: 'the right to list repositories',
    pull: 'the right to pull',
    push: 'the right to push',
    delete: 'the right to delete, or the registry deletes nothing at all',
  },
  grant: 'Ask whoever runs the registry for it.',
}

/** What a refusal means, in the words of the kind; without them in those of the protocol. */
export function explainRefusal(refusal: Refusal, words: RefusalWords = plainWords): Explanation {
  const { registry, status, codes, action, isSignedIn } = refusal
  const right = words.rights[action]
  const login = `Run "berth login ${registry}".`
  if (status === 429 || codes.includes('TOOMANYREQUESTS')) {
    return words.limited ?? { meaning: 'There were too many requests.', next: patience(refusal) }
  }
  if (!isSignedIn) return { meaning: `Nobody is logged in, and it needs ${right}.`, next: login }
  if (status === 401 && !codes.includes('DENIED')) {
    return {
      meaning: `The login is wrong, was revoked or has run out, or it lacks ${right}.`,
      next: words.renew ?? login,
    }
  }
  if (status === 404) {
    return (
      words.missing ?? {
        meaning: `There is no such repository, or the login lacks ${right}.`,
        next: 'Check the name of the repository.',
      }
    )
  }
  return { meaning: `The login lacks ${right}.`, next: words.grant }
}

function patience({ registry, isSignedIn }: Refusal): string {
  if (isSignedIn) return 'Try again later.'
  return `Try again later, or run "berth login ${registry}": most registries allow more to those they know.`
}
