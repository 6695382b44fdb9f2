const lowestMs = 0.05
const growth = 1.2
const perStep = 1 / Math.log(growth)

/** Steps from 0.05 ms to about 15 minutes; whatever is longer counts with the last one. */
export const latencySteps = 92

/** The step that a latency belongs to. */
export function latencyStep(milliseconds: number): number {
  if (!(milliseconds > lowestMs)) return 0
  const step = Math.ceil(Math.log(milliseconds / lowestMs) * perStep)
  return step < latencySteps ? step : latencySteps - 1
}

/**
 * The latency below which `share` (0 to 1) of all `count` lie, to about 10 %; 0 for none. `counts` has one number for
 * each step.
 */
export function latencyQuantile(counts: ArrayLike<number>, count: number, share: number): number {
  if (count === 0) return 0
  const rank = Math.max(1, Math.ceil(count * share))
  let seen = 0
  let step = 0
  for (; step < latencySteps - 1; step += 1) {
    seen += counts[step] ?? 0
    if (seen >= rank) break
  }
  // The middle of the step, in the sense of growth.
  const milliseconds = lowestMs * growth ** (step - 0.5)
  return Number(milliseconds.toPrecision(3))
}
