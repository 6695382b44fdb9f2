import { type ImageReference, parseRegistryHost } from '@berth/client/image-reference.ts'
import { ClientError } from '@berth/client/client-error.ts'
import type { BerthApi } from '@berth/client/kinds/berth-api.ts'
import type { CommandContext } from '../context.ts'

/** Where a policy stands: a project of a Berth, or with an empty name the whole instance. */
export type PolicyPlace = {
  readonly registry: ImageReference['registry']
  readonly project: string
}

/** Reads `registry/project`, or `registry` alone for the instance. Throws `inputInvalid`. */
export function parsePolicyPlace(text: string): PolicyPlace {
  const slash = text.indexOf('/')
  const host = slash === -1 ? text : text.slice(0, slash)
  const project = slash === -1 ? '' : text.slice(slash + 1)
  if (slash !== -1 && !/^[a-z0-9][a-z0-9._/-]*$/.test(project)) {
    throw new ClientError('inputInvalid', `${text} names no project.`, {
      next: 'Write it as registry.example.com/acme, or the registry alone for the whole instance.',
    })
  }
  return { registry: parseRegistryHost(host), project }
}

export async function openPlace(context: CommandContext, place: PolicyPlace): Promise<BerthApi> {
  return (await context.client()).berthApi(place.registry, context.signal)
}
