import { isClientError } from '@berth/client/client-error.ts'
import { formatImageReference, parseImageReference } from '@berth/client/image-reference.ts'

/** Lines of what a program printed, without empty ones. */
export function lines(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]))
}

/** An image's name with its registry and tag written out; what is no name stays as it is. */
export function nameInFull(name: string): string {
  try {
    const reference = parseImageReference(name)
    const { tag, digest } = reference
    const full = formatImageReference(reference)
    return tag === undefined && digest === undefined ? `${full}:latest` : full
  } catch (error) {
    if (isClientError(error)) return name
    throw error
  }
}

/** The items in lists of at most `size`: a command line has its limit. */
export function pieces<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const all: T[][] = []
  for (let at = 0; at < items.length; at += size) all.push(items.slice(at, at + size))
  return all
}

/** What a program printed as a JSON list of objects; empty when it is something else. */
export function jsonRows(text: string): readonly Readonly<Record<string, unknown>>[] {
  let value: unknown
  try {
    value = JSON.parse(text === '' ? '[]' : text)
  } catch {
    return []
  }
  return Array.isArray(value)
    ? value.filter((each) => typeof each === 'object' && each !== null)
    : []
}

export function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}
