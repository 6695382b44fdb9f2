/** How much of a whole is done. */
export type Completion = { done: number; total: number; unit: 'bytes' | 'items' }

/**
 * What the progress of a job says about the whole: handlers that know it note `bytes` and `totalBytes`, or `done` and
 * `total`. `null` for all others.
 */
export function completionOf(progress: unknown): Completion | null {
  if (typeof progress !== 'object' || progress === null) return null
  const { bytes, totalBytes, done, total } = progress as Readonly<Record<string, unknown>>
  return makeCompletion(bytes, totalBytes, 'bytes') ?? makeCompletion(done, total, 'items') ?? null
}

function makeCompletion(
  done: unknown,
  total: unknown,
  unit: Completion['unit'],
): Completion | undefined {
  if (typeof done !== 'number' || typeof total !== 'number') return undefined
  if (!(done >= 0 && total >= 0)) return undefined
  // What came in the meantime is part of the whole.
  return { done, total: Math.max(done, total), unit }
}
