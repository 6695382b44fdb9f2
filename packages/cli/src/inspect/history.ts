import type { Descriptor } from '@berth/oci/descriptor.ts'
import type { HistoryEntry } from '@berth/oci/image-config.ts'

/** One step of the making of an image, with the layer that it made. */
export type HistoryStep = {
  /** The instruction as a Dockerfile has it; empty when the image does not tell. */
  readonly instruction: string
  readonly comment: string
  readonly created: Date | undefined
  /** `undefined` for a step that made no layer. */
  readonly layer: Descriptor | undefined
}

/**
 * Joins layers with the steps that made them: those that made a layer, in their order. `isComplete` is false when their
 * numbers differ; then layers stand alone and steps without a layer, since nobody knows what belongs to what.
 */
export function matchHistory(
  layers: readonly Descriptor[],
  history: readonly HistoryEntry[],
): { readonly steps: readonly HistoryStep[]; readonly isComplete: boolean } {
  const making = history.filter(({ isEmptyLayer }) => !isEmptyLayer).length
  if (making !== layers.length) {
    return {
      steps: [
        ...layers.map((layer) => ({ instruction: '', comment: '', created: undefined, layer })),
        ...history.map((entry) => toStep(entry, undefined)),
      ],
      isComplete: false,
    }
  }
  let next = 0
  const steps = history.map((entry) => {
    const layer = entry.isEmptyLayer ? undefined : layers[next]
    if (!entry.isEmptyLayer) next += 1
    return toStep(entry, layer)
  })
  return { steps, isComplete: true }
}

function toStep(entry: HistoryEntry, layer: Descriptor | undefined): HistoryStep {
  const { createdBy, comment, created } = entry
  return { instruction: instructionOf(createdBy), comment, created, layer }
}

/**
 * `created_by` as one would write it in a Dockerfile: without the shell that docker's old builder puts before it
 * (`/bin/sh -c #(nop)`), and without BuildKit's remark behind it.
 */
function instructionOf(createdBy: string): string {
  const text = createdBy.replace(/\s*# buildkit\s*$/, '').trim()
  const nop = /^\/bin\/sh -c #\(nop\)\s*/.exec(text)
  if (nop !== null) return text.slice(nop[0].length)
  const run = /^(?:RUN )?(?:\|[0-9]+ .{0,4000}?)?\/bin\/sh -c /s.exec(text)
  return run === null ? text : `RUN ${text.slice(run[0].length)}`
}
