import { ClientError } from '../client-error.ts'
import { acr } from './acr.ts'
import { berth } from './berth.ts'
import { distribution } from './distribution.ts'
import { dockerHub } from './docker-hub.ts'
import { ecr } from './ecr.ts'
import { ghcr } from './ghcr.ts'
import { gitlab } from './gitlab.ts'
import { google } from './google.ts'
import { harbor } from './harbor.ts'
import type { Probe, RegistryKind } from './kind.ts'
import { nexus } from './nexus.ts'
import { quay } from './quay.ts'
import { zot } from './zot.ts'

/** In the order in which they are tried; the last one takes what nobody else knows. */
export const kinds: readonly RegistryKind[] = [
  ghcr,
  dockerHub,
  ecr,
  google,
  acr,
  gitlab,
  quay,
  harbor,
  nexus,
  zot,
  berth,
  distribution,
]

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
