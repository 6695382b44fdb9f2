import type { TagName } from '@berth/oci/reference.ts'
import { BerthError } from '../errors.ts'
import type { Transaction } from '../metadata/database.ts'
import type { PlacedRepository } from '../registry/admission.ts'
import { decide } from './decide.ts'

/**
 * Stands before each change of a tag, in its transaction. Whatever the rules say a tag may be created, and set again to
 * what it points at. Throws `tagImmutable`, which names the rule, when an immutable tag would be moved or deleted.
 */
export async function guardTag(
  tx: Transaction,
  repository: PlacedRepository,
  tag: TagName,
  change: { readonly before: string | undefined; readonly after: string | undefined },
): Promise<void> {
  const { before, after } = change
  if (before === undefined || before === after) return
  const rule = await decide(tx, repository.name, tag)
  if (rule?.effect !== 'immutable') return
  const owner = rule.project === '' ? 'the instance' : `the project ${rule.project}`
  throw new BerthError(
    'tagImmutable',
    `The tag ${tag} of ${repository.name} is immutable and cannot be ${after === undefined ? 'deleted' : 'moved'}: rule ${rule.id} of ${owner} covers the repositories ${rule.repositories} and the tags ${rule.tags}. Use another tag.`,
    {
      details: [
        {
          tag,
          ruleId: rule.id,
          project: rule.project,
          repositories: rule.repositories,
          tags: rule.tags,
        },
      ],
    },
  )
}
