import type { ContentSource } from '@berth/client/content.ts'
import type { Reference } from '@berth/oci/reference.ts'
import type { BuildRun } from './build-run.ts'
import type { Service } from './build-file.ts'

export type BuilderName = 'buildx' | 'docker' | 'buildah' | 'podman'

export const builderNames: readonly BuilderName[] = ['buildx', 'docker', 'buildah', 'podman']

/** What a builder says when it is asked. */
export type BuilderProbe =
  | {
      readonly kind: 'ready'
      readonly version: string
      /** Its own platform, for which it needs no emulation. */
      readonly platform: string
      /** All that it says it can build for; `undefined` when it does not say. */
      readonly platforms: readonly string[] | undefined
    }
  /** Why it cannot be used, as a sentence without its full stop. */
  | { readonly kind: 'absent'; readonly reason: string }

/** What is to be built, with everything found and decided. Paths are absolute. */
export type BuildOrder = {
  readonly service: Service
  readonly dockerfile: string
  /** At least one. */
  readonly platforms: readonly string[]
  readonly args: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** Every time in the image is this one, in seconds since 1970; `undefined`: the time of the build. */
  readonly epoch: number | undefined
  /** Whether the same digest counts for more than speed: no step may come from a cache of another `epoch`. */
  readonly isReproducible: boolean
  /** Files that hold the secrets. */
  readonly secrets: readonly { readonly id: string; readonly file: string }[]
  readonly cacheFrom: readonly string[]
  readonly cacheTo: readonly string[]
  readonly noCache: boolean
  /** What the image will be called, whole names with tags; none when no tag could be planned. */
  readonly names: readonly string[]
  /** The images of the services that this one depends on, by their names. */
  readonly bases: ReadonlyMap<string, BuiltImage>
  /** An empty folder, for whatever the builder writes. Taken away by the caller. */
  readonly folder: string
}

/** An image that was built, exported and can be read. Nothing of it is in a registry. */
export type BuiltImage = {
  readonly source: ContentSource
  readonly reference: Reference
  /** The folder with the OCI layout; `undefined` where the builder exports something else. */
  readonly layout: string | undefined
  /** What the builder calls the image, by platform; empty where it keeps none. */
  readonly localIds: ReadonlyMap<string, string>
  readonly steps: number
  readonly cacheHits: number
}

export type LocalImage = {
  readonly id: string
  /** Whole names: `registry/repository:tag`. */
  readonly names: readonly string[]
  readonly createdAt: Date
}

/** A program that builds images from Dockerfiles. One object is used for many builds, several at once. */
export interface Builder {
  readonly name: BuilderName
  /** Asks the program itself: that it is installed says nothing. Takes 20 seconds at most. */
  probe(signal: AbortSignal): Promise<BuilderProbe>
  /**
   * Why the builder cannot do this, as a whole sentence, told before anything is built; `undefined` when it can. Called
   * only after `probe` was `ready`.
   */
  refusalOf(service: Service, platforms: readonly string[]): string | undefined
  /** Builds and exports. Throws `toolFailed` when the build fails, `localFault` for a full disk, `cancelled`. */
  build(order: BuildOrder, run: BuildRun): Promise<BuiltImage>
  /** Gives the image its names in the builder's own storage, so that it can be run. Nothing where it keeps none. */
  tagLocally(image: BuiltImage, names: readonly string[], run: BuildRun): Promise<void>
  /** Images of a repository in the builder's own storage, the newest first. */
  listLocal(repository: string, run: BuildRun): Promise<readonly LocalImage[]>
  /** Removes an image with all its names. `false` when a container uses it, or another image needs it. */
  removeLocal(image: LocalImage, run: BuildRun): Promise<boolean>
}
