import { resolve } from 'node:path'
import { ClientError } from '@berth/client/client-error.ts'
import type { ContentSource, ContentTarget } from '@berth/client/content.ts'
import {
  formatImageReference,
  type ImageReference,
  parseImageReference,
  type RepositoryAddress,
} from '@berth/client/image-reference.ts'
import { OciLayout } from '@berth/client/layout/oci-layout.ts'
import { type Digest, isDigest } from '@berth/oci/digest.ts'
import { OciError, quote } from '@berth/oci/oci-error.ts'
import { parseTagName, type Reference, type TagName } from '@berth/oci/reference.ts'
import type { CommandContext } from './context.ts'
import { type EngineName, isEngineName } from './engines/engine.ts'

/** Where an image is, as people write it for pull, push and copy. */
export type Location =
  | { readonly kind: 'registry'; readonly reference: ImageReference }
  /** An OCI image layout in a folder. `name` is a tag, or nothing where there is one image only. */
  | ({ readonly kind: 'layout'; readonly folder: string } & Named)
  /** An OCI image layout in a tar archive; `-` is standard input or output. */
  | ({ readonly kind: 'ociArchive'; readonly file: string } & Named)
  /** What `docker save` writes; `-` is standard input or output. `name` may be an image's whole name. */
  | ({ readonly kind: 'dockerArchive'; readonly file: string } & Named)
  | { readonly kind: 'engine'; readonly engine: EngineName; readonly image: string }

type Named = { readonly name: string | undefined; readonly digest: Digest | undefined }

/**
 * Reads `registry/repository[:tag][@digest]`, `oci:folder[:tag]`, `oci-archive:file[:tag]`, `docker-archive:file[:name]`
 * or `docker:image` (also `podman:`, `containerd:`, `buildah:`). A repository that is called like one of these is
 * written with its registry: `docker.io/library/docker:28`. Throws `referenceInvalid`.
 */
export function parseLocation(text: string): Location {
  if (text.startsWith('docker://')) {
    return { kind: 'registry', reference: parseImageReference(text.slice('docker://'.length)) }
  }
  const colon = text.indexOf(':')
  const prefix = colon === -1 ? '' : text.slice(0, colon)
  const rest = text.slice(colon + 1)
  if (prefix === 'oci') {
    const { path, ...named } = splitName(text, rest)
    return { kind: 'layout', folder: path, ...named }
  }
  if (prefix === 'oci-archive' || prefix === 'docker-archive') {
    const { path, ...named } = splitName(text, rest)
    return { kind: prefix === 'oci-archive' ? 'ociArchive' : 'dockerArchive', file: path, ...named }
  }
  if (isEngineName(prefix)) {
    if (rest === '') throw incomplete(text, `write the image behind it: ${prefix}:acme/api:1.0`)
    return { kind: 'engine', engine: prefix, image: rest }
  }
  return { kind: 'registry', reference: parseImageReference(text) }
}

/** The location as one would write it. */
export function formatLocation(location: Location): string {
  switch (location.kind) {
    case 'registry':
      return formatImageReference(location.reference)
    case 'layout':
      return `oci:${location.folder}${formatNamed(location)}`
    case 'ociArchive':
      return `oci-archive:${location.file}${formatNamed(location)}`
    case 'dockerArchive':
      return `docker-archive:${location.file}${formatNamed(location)}`
    case 'engine':
      return `${location.engine}:${location.image}`
  }
}

/** Whether such a target has room for one platform of an image only. */
export function holdsOnePlatform(location: Location): boolean {
  return location.kind === 'dockerArchive' || location.kind === 'engine'
}

/** An absolute path, as seen from the folder that the command was started in; `-` stays. */
export function pathOf(path: string, cwd: string): string {
  return path === '-' ? path : resolve(cwd, path)
}

/** Path, then behind the first colon a name, or behind an `@` a digest. */
function splitName(text: string, rest: string): { path: string } & Named {
  const at = rest.lastIndexOf('@')
  const after = rest.slice(at + 1)
  const digest = at !== -1 && isDigest(after) ? after : undefined
  const named = digest === undefined ? rest : rest.slice(0, at)
  const colon = named.indexOf(':')
  const path = colon === -1 ? named : named.slice(0, colon)
  const name = colon === -1 ? undefined : named.slice(colon + 1)
  if (path === '') throw incomplete(text, 'a path is missing behind the colon')
  if (name === '') throw incomplete(text, 'a tag is missing behind the last colon')
  return { path, name, digest }
}

function formatNamed({ name, digest }: Named): string {
  return `${name === undefined ? '' : `:${name}`}${digest === undefined ? '' : `@${digest}`}`
}

function incomplete(text: string, fault: string): ClientError {
  return new ClientError('referenceInvalid', `${quote(text)} is not complete: ${fault}.`)
}

export type OpenedSource = {
  readonly source: ContentSource
  /** The image that was named; without a name, `latest` of a repository and the only image of anything else. */
  readonly reference: Reference
  /** Takes away what was put on this machine's disk for reading. To be called in any case. */
  close(): Promise<void>
}

/**
 * Opens what an image is read from. Archives and engines are read as they are when first asked for something. Throws
 * `notFound`, `inputInvalid`, `toolMissing`.
 */
export async function openSource(
  location: Location,
  context: CommandContext,
): Promise<OpenedSource> {
  switch (location.kind) {
    case 'registry': {
      const { tag, digest } = location.reference
      const source = (await context.client()).repository(location.reference)
      return { source, reference: referenceOf(tag ?? 'latest', digest), close: nothing }
    }
    case 'layout': {
      const source = new OciLayout(pathOf(location.folder, context.terminal.cwd))
      const reference =
        location.name === undefined && location.digest === undefined
          ? await source.soleReference()
          : referenceOf(location.name, location.digest)
      return { source, reference, close: nothing }
    }
    case 'ociArchive':
    case 'dockerArchive':
    case 'engine':
      throw new ClientError('unsupported', `${formatLocation(location)} cannot be read yet.`)
  }
}

export type OpenedTarget = {
  readonly target: ContentTarget
  /** To be given to `putManifest` for the image that was named; none when it was named by digest alone. */
  readonly tags: readonly TagName[]
  /** Makes it count: an archive gets its end and its name, an engine takes the image in. */
  finish(): Promise<void>
  /** Leaves nothing behind; a folder keeps broken-off blobs for the next run. */
  abort(): Promise<void>
}

export type OpenTargetOptions = {
  /** What the image is called in an archive or an engine when the location names only a tag or nothing. */
  readonly name?:
    | { readonly address: RepositoryAddress; readonly tag: TagName | undefined }
    | undefined
}

/** Opens what an image is written to. Either `finish` or `abort` has to be called. */
export async function openTarget(
  location: Location,
  context: CommandContext,
  options: OpenTargetOptions = {},
): Promise<OpenedTarget> {
  switch (location.kind) {
    case 'registry': {
      const { tag, digest } = location.reference
      const target = (await context.client()).repository(location.reference)
      const tags =
        tag === undefined ? (digest === undefined ? [parseTagName('latest')] : []) : [tag]
      return { target, tags, finish: nothing, abort: nothing }
    }
    case 'layout': {
      const target = new OciLayout(pathOf(location.folder, context.terminal.cwd))
      const tag = location.name === undefined ? options.name?.tag : tagNamed(location.name)
      return { target, tags: tag === undefined ? [] : [tag], finish: nothing, abort: nothing }
    }
    case 'ociArchive':
    case 'dockerArchive':
    case 'engine':
      throw new ClientError('unsupported', `${formatLocation(location)} cannot be written yet.`)
  }
}

function referenceOf(name: string | undefined, digest: Digest | undefined): Reference {
  if (digest !== undefined) return { kind: 'digest', digest }
  return { kind: 'tag', tag: tagNamed(name ?? 'latest') }
}

function tagNamed(text: string): TagName {
  try {
    return parseTagName(text)
  } catch (error) {
    if (error instanceof OciError) throw new ClientError('referenceInvalid', error.message)
    throw error
  }
}

async function nothing(): Promise<void> {}
