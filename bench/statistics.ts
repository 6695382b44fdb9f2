export function median(values: number[]): number {
  return quantile(values, 0.5)
}

/** Linear interpolation between the two nearest ranks; NaN for no values. */
export function quantile(values: number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const rank = (sorted.length - 1) * fraction
  const low = sorted[Math.floor(rank)] ?? Number.NaN
  const high = sorted[Math.ceil(rank)] ?? Number.NaN
  return low + (high - low) * (rank - Math.floor(rank))
}
