import { ClientError } from '../client-error.ts'
import { berth } from './berth.ts'
import { distribution } from './distribution.ts'
import type { Probe, RegistryKind } from './kind.ts'

/** In the order in which they are tried; the last one takes what nobody else knows. */
export const kinds: readonly RegistryKind[] = [berth, distribution]

/** The kind that the address (`host:port`) alone tells; `undefined` when it tells nothing. */
export function kindByHost(registry: string): RegistryKind | undefined {
  return kinds.find((kind) => kind.matchesHost(registry))
}

/** The kind that an answer to `GET /v2/` tells; `distribution` when it tells nothing. */
export function kindByProbe(probe: Probe): RegistryKind {
  return kinds.find((kind) => kind.matchesProbe(probe)) ?? distribution
}

/** The kind as given to `--kind`. Throws `inputInvalid` with the names that there are. */
export function kindNamed(name: string): RegistryKind {
  const found = kinds.find((kind) => kind.name === name)
  if (found !== undefined) return found
  throw new ClientError(
    'inputInvalid',
    `There is no kind of registry called "${name.slice(0, 40)}".`,
    {
      next: `Use one of ${kinds.map((kind) => kind.name).join(', ')}.`,
    },
  )
}
