import type { Readable, Writable } from 'node:stream'

/** Engines that hold images on this machine. */
export type EngineName = 'docker' | 'podman' | 'containerd' | 'buildah'

export const engineNames: readonly EngineName[] = ['docker', 'podman', 'containerd', 'buildah']

export function isEngineName(text: string): text is EngineName {
  return (engineNames as readonly string[]).includes(text)
}

/** An image in an engine. */
export type EngineImage = {
  /** `registry/repository:tag`, with the registry written out; `undefined` for one without a name. */
  readonly name: string | undefined
  readonly id: string
  /** Of the manifest, where the engine knows it. */
  readonly digest: string | undefined
  readonly createdAt: Date | undefined
  readonly size: number | undefined
}

/** A running load: an archive is written to `stdin`, and `done` tells how it went. */
export type Loading = {
  readonly stdin: Writable
  /** Throws `toolFailed` with what the engine said. */
  readonly done: Promise<void>
  /** Ends it; nothing that was asked for is in the engine then. */
  abort(): void
}

/** A running save: an archive comes out. `done` throws `toolFailed`, `notFound` when there is no such image. */
export type Saving = { readonly stdout: Readable; readonly done: Promise<void>; abort(): void }

/** What Berth asks of an engine. Every name is a whole one: `127.0.0.1:5000/acme/api:1.0`. */
export interface Engine {
  readonly name: EngineName
  /** Its version, for people. */
  readonly version: string
  /** `linux/amd64`: what it runs. */
  readonly platform: string
  /** Takes an archive: docker's with a layout in it, which each of them reads. */
  load(signal?: AbortSignal): Loading
  save(image: string, signal?: AbortSignal): Saving
  listImages(signal?: AbortSignal): Promise<readonly EngineImage[]>
  /** The image of that name; `undefined` when there is none. */
  findImage(name: string, signal?: AbortSignal): Promise<EngineImage | undefined>
  /** Takes away one name; the content goes with the last one. Throws `toolFailed`, also while a container uses it. */
  removeImage(name: string, signal?: AbortSignal): Promise<void>
  /** Ids and names of images that a container uses, running or not. */
  listUsed(signal?: AbortSignal): Promise<ReadonlySet<string>>
}
