import { resolve } from 'node:path'
import { ClientError } from '@berth/client/client-error.ts'
import {
  formatImageReference,
  formatRepositoryAddress,
  type ImageReference,
  parseImageReference,
  type RepositoryAddress,
} from '@berth/client/image-reference.ts'
import { OciLayout } from '@berth/client/layout/oci-layout.ts'
import { type Digest, isDigest } from '@berth/oci/digest.ts'
import { quote } from '@berth/oci/oci-error.ts'
import type { Reference, TagName } from '@berth/oci/reference.ts'
import type { TransferListener } from '@berth/client/transfer.ts'
import type { CommandContext } from './context.ts'
import { type EngineName, isEngineName } from './engines/engine.ts'
import { parseTagArgument } from './image-argument.ts'
import type { OpenedSource, OpenedTarget } from './opened.ts'

export type { OpenedSource, OpenedTarget } from './opened.ts'

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

/** Whether it is standard output, which then has no room for anything else. */
export function isOutput(location: Location): boolean {
  const isArchive = location.kind === 'ociArchive' || location.kind === 'dockerArchive'
  return isArchive && location.file === '-'
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

/** What to write instead of the name that `openTarget` would give an image. */
export type OpenTargetOptions = {
  /** What the image is called in an archive when the location names only a tag or nothing. */
  readonly name?:
    | { readonly address: RepositoryAddress; readonly tag: TagName | undefined }
    | undefined
}

/**
 * Opens what an image is read from. An archive from standard input, and the image of an engine, is put on this machine's
 * disk first; `onTransfer` is told of layers that are compressed. Throws `notFound`, `inputInvalid`, `toolMissing`, `toolFailed`.
 */
export async function openSource(
  location: Location,
  context: CommandContext,
  onTransfer?: TransferListener,
): Promise<OpenedSource> {
  const { terminal, signal } = context
  switch (location.kind) {
    case 'registry': {
      const { tag, digest } = location.reference
      const source = (await context.client()).repository(location.reference)
      return { source, reference: referenceOf(tag ?? 'latest', digest), close: nothing }
    }
    case 'layout': {
      const source = new OciLayout(pathOf(location.folder, terminal.cwd))
      const isNamed = location.name !== undefined || location.digest !== undefined
      const reference = isNamed
        ? referenceOf(location.name ?? 'latest', location.digest)
        : await source.soleReference()
      return { source, reference, close: nothing }
    }
    case 'ociArchive':
    case 'dockerArchive': {
      const archives = await import('@berth/client/archive/open-archive.ts')
      const isOci = location.kind === 'ociArchive'
      const open = isOci ? archives.openOciArchive : archives.openDockerArchive
      const file = pathOf(location.file, terminal.cwd)
      const name = `${isOci ? 'oci' : 'docker'}-archive:${location.file}`
      const { source, find, close } = await open({
        file,
        stdin: terminal.stdin,
        name,
        signal,
        onTransfer,
      })
      try {
        const { digest } = location
        const reference = digest === undefined ? await find(location.name) : byDigest(digest)
        return { source, reference, close }
      } catch (error) {
        await close()
        throw error
      }
    }
    case 'engine': {
      const { openEngine } = await import('./engines/find-engine.ts')
      const { openEngineSource } = await import('./engines/engine-content.ts')
      const engine = await openEngine(location.engine, terminal.env, signal)
      return openEngineSource(engine, location.image, { signal, onTransfer })
    }
  }
}

/** Opens what an image is written to. Throws `inputInvalid`, `toolMissing`. */
export async function openTarget(
  location: Location,
  context: CommandContext,
  options: OpenTargetOptions = {},
): Promise<OpenedTarget> {
  const { terminal, signal } = context
  switch (location.kind) {
    case 'registry': {
      const { tag, digest } = location.reference
      const target = (await context.client()).repository(location.reference)
      const isByDigest = tag === undefined && digest !== undefined
      const tags = isByDigest ? [] : [tag ?? parseTagArgument('latest')]
      return { target, tags, finish: nothing, abort: nothing }
    }
    case 'layout': {
      const target = new OciLayout(pathOf(location.folder, terminal.cwd))
      const tag = location.name === undefined ? options.name?.tag : parseTagArgument(location.name)
      return { target, tags: tag === undefined ? [] : [tag], finish: nothing, abort: nothing }
    }
    case 'ociArchive':
    case 'dockerArchive': {
      const { openArchiveOutput } = await import('./archive-output.ts')
      const isOci = location.kind === 'ociArchive'
      const { tag, repository } = nameInArchive(location.name, options)
      return openArchiveOutput(
        {
          format: isOci ? 'oci' : 'docker',
          file: pathOf(location.file, terminal.cwd),
          name: `${isOci ? 'oci' : 'docker'}-archive:${location.file}`,
          tags: tag === undefined ? [] : [tag],
          nameOf: (each) => (repository === undefined ? undefined : `${repository}:${each}`),
        },
        terminal,
      )
    }
    case 'engine': {
      const { openEngine } = await import('./engines/find-engine.ts')
      const { openEngineTarget } = await import('./engines/engine-content.ts')
      const engine = await openEngine(location.engine, terminal.env, signal)
      return openEngineTarget(engine, location.image, signal)
    }
  }
}

/** A name with a repository counts as a whole; a tag alone goes with the repository that the image comes from. */
function nameInArchive(
  name: string | undefined,
  { name: origin }: OpenTargetOptions,
): { readonly tag: TagName | undefined; readonly repository: string | undefined } {
  const repository = origin === undefined ? undefined : formatRepositoryAddress(origin.address)
  if (name === undefined) return { tag: origin?.tag, repository }
  if (!/[/:]/.test(name)) return { tag: parseTagArgument(name), repository }
  const reference = parseImageReference(name)
  return {
    tag: reference.tag ?? parseTagArgument('latest'),
    repository: formatRepositoryAddress(reference),
  }
}

function referenceOf(name: string, digest: Digest | undefined): Reference {
  return digest === undefined ? { kind: 'tag', tag: parseTagArgument(name) } : byDigest(digest)
}

function byDigest(digest: Digest): Reference {
  return { kind: 'digest', digest }
}

async function nothing(): Promise<void> {}
