import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ClientError } from '@berth/client/client-error.ts'
import { formatRepositoryAddress } from '@berth/client/image-reference.ts'
import type { KindName } from '@berth/client/kinds/kind.ts'
import { kindByHost } from '@berth/client/kinds/kinds.ts'
import type { BuildFile, Service } from '../build/build-file.ts'
import { lockFileName } from '../lock/lock-file.ts'
import { type ImageName, images } from './pins.ts'
import { type CiSupplyChain, type CiSupplyChainFlags, planCiSupplyChain } from './supply-chain.ts'

/** Services that are built together, since some of them are built on others. */
export type BuildGroup = {
  /** The last of them, which needs the others. */
  readonly name: string
  readonly services: readonly string[]
  /** Empty: whatever the runner is. */
  readonly platforms: readonly string[]
  /**
   * `ghcr.io/acme/api`: where the cache of its build is kept; `undefined` where the file says that itself, and for
   * several services, whose caches would write over one another in one place.
   */
  readonly cache: string | undefined
  /** `ghcr.io/acme/api`, one for each service. */
  readonly repositories: readonly string[]
}

/** All that a pipeline is made from. */
export type CiPlan = {
  readonly file: string
  readonly registry: string
  readonly kind: KindName
  readonly groups: readonly BuildGroup[]
  readonly mainBranch: string | undefined
  readonly versionPrefix: string
  readonly hasLock: boolean
  /** `undefined`: nothing is done with what was pushed. */
  readonly supplyChain: CiSupplyChain | undefined
  readonly nativeArm: boolean
  /** Environment variables that the file takes secrets from, or that it names as `${NAME}`. */
  readonly secrets: readonly string[]
  /** Where a runner gets the berth package; `undefined`: variables of the CI system say so. */
  readonly source: { readonly url: string; readonly sha256: string } | undefined
  /** Each image as it is written into the file: with its digest where that is known. */
  readonly images: Readonly<Record<ImageName, string>>
}

export type CiOptions = {
  readonly file: string
  readonly nativeArm: boolean
  readonly source: CiPlan['source']
  readonly supplyChain: CiSupplyChainFlags
  readonly digestOf: (image: string) => string | undefined
}

/** Works out what a pipeline for this file has to do. Throws `inputInvalid` for names that no pipeline can hold. */
export function planCi(build: BuildFile, options: CiOptions): CiPlan {
  const { mainBranch, versionPrefix } = build.tagging
  for (const name of [mainBranch ?? '', versionPrefix]) {
    if (!/^[A-Za-z0-9._/-]*$/.test(name)) {
      throw new ClientError(
        'inputInvalid',
        `"${name}" has characters that a pipeline cannot safely hold.`,
        {
          next: 'Letters, digits and . _ / - are allowed in tagging.mainBranch and versionPrefix.',
        },
      )
    }
  }
  const pinned = Object.entries(images).map(([name, image]) => {
    const digest = options.digestOf(image)
    return [name, digest === undefined ? image : `${image}@${digest}`]
  })
  return {
    file: options.file,
    registry: build.registry,
    kind: kindByHost(build.registry)?.name ?? 'distribution',
    groups: groupServices(build.services),
    mainBranch,
    versionPrefix,
    hasLock: existsSync(join(build.folder, lockFileName)),
    supplyChain: planCiSupplyChain(options.supplyChain, build),
    nativeArm: options.nativeArm,
    secrets: secretNames(build.services),
    source: options.source,
    images: Object.fromEntries(pinned) as Record<ImageName, string>,
  }
}

/** Services that hang together through `dependsOn`, in the order of the file. */
export function groupServices(services: readonly Service[]): readonly BuildGroup[] {
  const groups: Service[][] = []
  for (const service of services) {
    const related = groups.filter((group) =>
      group.some(
        (each) => each.dependsOn.includes(service.name) || service.dependsOn.includes(each.name),
      ),
    )
    const merged = [...related.flat(), service]
    groups.splice(0, groups.length, ...groups.filter((each) => !related.includes(each)), merged)
  }
  return groups.map((group) => {
    const needed = new Set(group.flatMap(({ dependsOn }) => dependsOn))
    const last = group.findLast(({ name }) => !needed.has(name)) ?? group[0]
    const ownCache = group.some((each) => each.cacheTo.length > 0 || each.cacheFrom.length > 0)
    return {
      name: last?.name ?? '',
      services: group.map(({ name }) => name),
      platforms: [...new Set(group.flatMap(({ platforms = [] }) => platforms))],
      cache:
        ownCache || last === undefined || group.length > 1
          ? undefined
          : formatRepositoryAddress(last.address),
      repositories: group.map(({ address }) => formatRepositoryAddress(address)),
    }
  })
}

function secretNames(services: readonly Service[]): readonly string[] {
  const names = services.flatMap(({ secrets }) => secrets.map(({ env }) => env))
  return [...new Set(names.filter((name) => name !== undefined))]
}

export const isArm = (platform: string): boolean => /^linux\/arm(?:64)?(?:\/|$)/.test(platform)

/** Whether a machine of the one architecture runs the other's programs without emulation: arm64 does 32 bits too. */
export function needsEmulation(platforms: readonly string[], isArmMachine: boolean): boolean {
  return platforms.some((each) =>
    isArmMachine ? !isArm(each) : !/^linux\/(?:amd64|386)$/.test(each),
  )
}
