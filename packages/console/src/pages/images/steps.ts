import type { listLayers } from '@berth/api/layers.ts'
import type * as z from 'zod'
import type { Manifest } from './image-context.ts'

export type Layer = z.output<typeof listLayers.answer>['items'][number]
type History = NonNullable<Manifest['image']>['history'][number]

/** A step of the build: with the layer it made, or with none where it changed no files. */
export type Step = {
  readonly key: string
  readonly createdBy: string | null
  readonly createdAt: string | null
  readonly comment: string | null
  readonly layer: Layer | undefined
}

/**
 * The layers with the empty steps of the history between them. Where the history speaks of another number of layers than there
 * are, the layers stand alone and `isMismatch` says so.
 */
export function stepsOf(
  layers: readonly Layer[],
  history: readonly History[],
): { steps: Step[]; isMismatch: boolean } {
  const made = history.filter(({ isEmptyLayer }) => !isEmptyLayer).length
  if (made !== layers.length) {
    return { steps: layers.map((layer) => stepOf(layer)), isMismatch: history.length > 0 }
  }
  let next = 0
  const steps = history.map((step, index): Step => {
    const layer = step.isEmptyLayer ? undefined : layers[next]
    if (layer) {
      next += 1
      return stepOf(layer, step)
    }
    return {
      key: `empty-${index}`,
      createdBy: step.createdBy,
      createdAt: step.created,
      comment: step.comment,
      layer: undefined,
    }
  })
  return { steps, isMismatch: false }
}

function stepOf(layer: Layer, step?: History): Step {
  return {
    key: `layer-${layer.position}`,
    createdBy: step?.createdBy ?? layer.createdBy,
    createdAt: step?.created ?? layer.createdAt,
    comment: step?.comment ?? layer.comment,
    layer,
  }
}
