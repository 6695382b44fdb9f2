import { ClientError } from '@berth/client/client-error.ts'
import { formatRepositoryAddress, type ImageReference } from '@berth/client/image-reference.ts'
import { digestEncoded } from '@berth/oci/digest.ts'
import { parseTagName, type TagName } from '@berth/oci/reference.ts'
import type { CommandContext } from '../context.ts'
import { engineNames, isEngineName, type Engine } from '../engines/engine.ts'
import { findEngine, openEngine } from '../engines/find-engine.ts'
import { openEngineTarget } from '../engines/engine-content.ts'
import {
  isOutput,
  type Location,
  openTarget,
  type OpenedTarget,
  parseLocation,
} from '../location.ts'

/** Where pulled images go. */
export type PullPlace =
  | { readonly kind: 'engine'; readonly engine: Engine }
  | { readonly kind: 'location'; readonly location: Location }

/**
 * Reads `--to`: an engine by its name, or a folder or a file as a location. Without it, the engine that is there.
 * Throws `inputInvalid`, `toolMissing`.
 */
export async function choosePlace(
  to: string | undefined,
  { terminal, signal }: CommandContext,
): Promise<PullPlace> {
  if (to === undefined) return { kind: 'engine', engine: await findEngine(terminal.env, signal) }
  if (isEngineName(to)) {
    return { kind: 'engine', engine: await openEngine(to, terminal.env, signal) }
  }
  const location = /^(?:oci|oci-archive|docker-archive):/.test(to) ? parseLocation(to) : undefined
  if (location === undefined || location.kind === 'registry' || location.kind === 'engine') {
    throw new ClientError('inputInvalid', `"${to}" is no place to pull to.`, {
      next: `Give ${engineNames.join(', ')}, oci:folder, oci-archive:file or docker-archive:file.`,
    })
  }
  return { kind: 'location', location }
}

/** Whether the result has to leave standard output to the archive. */
export function writesToOutput(place: PullPlace): boolean {
  return place.kind !== 'engine' && isOutput(place.location)
}

/** What the image is called where it goes. Without a tag an engine would lose it among others without a name. */
export function tagAtPlace({ tag, digest }: ImageReference): TagName {
  if (tag !== undefined) return tag
  if (digest === undefined) return parseTagName('latest')
  return parseTagName(`sha256-${digestEncoded(digest).slice(0, 12)}`)
}

/** Opens the place for one image. */
export async function openPlace(
  place: PullPlace,
  reference: ImageReference,
  context: CommandContext,
): Promise<OpenedTarget> {
  const tag = tagAtPlace(reference)
  if (place.kind === 'location') {
    return openTarget(place.location, context, { name: { address: reference, tag } })
  }
  return openEngineTarget(
    place.engine,
    `${formatRepositoryAddress(reference)}:${tag}`,
    context.signal,
  )
}
