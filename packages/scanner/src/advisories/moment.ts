/** As ISO with milliseconds, so that moments order as text. What is before 1970 stands for none: Go's `0001-01-01`. */
export function momentOf(text: string | null | undefined): string | undefined {
  if (typeof text !== 'string') return undefined
  const moment = new Date(text)
  return Number.isNaN(moment.getTime()) || moment.getTime() <= 0 ? undefined : moment.toISOString()
}
