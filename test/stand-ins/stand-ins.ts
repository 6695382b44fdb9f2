import type { KindName } from '@berth/client/kinds/kind.ts'
import { standInAcr } from './acr.ts'
import { standInDockerHub } from './docker-hub.ts'
import { standInEcr } from './ecr.ts'
import { envelope, type Front, type StandIn } from './front.ts'
import { standInGhcr } from './ghcr.ts'
import { standInGitlab } from './gitlab.ts'
import { standInGoogle } from './google.ts'
import { standInHarbor } from './harbor.ts'
import { standInNexus } from './nexus.ts'
import { standInQuay } from './quay.ts'
import { standInZot } from './zot.ts'

/** Berth and docker-registry are there for real. */
export type StandInKind = Exclude<KindName, 'berth' | 'distribution'>

export type StandInSettings = {
  /** How long a login through the kind's own service lasts: twelve hours at Amazon, three at Azure, one at Google. */
  readonly tokenSeconds?: number
}

export const makeStandIn: Readonly<
  Record<StandInKind, (front: Front, settings: StandInSettings) => StandIn>
> = {
  acr: standInAcr,
  'docker-hub': standInDockerHub,
  ecr: standInEcr,
  ghcr: standInGhcr,
  gitlab: standInGitlab,
  google: standInGoogle,
  harbor: standInHarbor,
  nexus: standInNexus,
  quay: standInQuay,
  zot: standInZot,
}

const hubLimit =
  'You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit'

/** What a kind says with 429. */
export function limitBody(kind: StandInKind): unknown {
  return envelope('TOOMANYREQUESTS', kind === 'docker-hub' ? hubLimit : 'Rate exceeded')
}
