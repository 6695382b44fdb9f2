import {
  parseTagName,
  type RepositoryName,
  parseRepositoryName,
  type TagName,
} from '@berth/oci/reference.ts'

/** Those of the texts that are tags; a registry's own interface may name other things. */
export function readTags(texts: readonly string[]): TagName[] {
  return texts.flatMap((text) => readOr(parseTagName, text))
}

/** The name, when it is one that the protocol allows; else nothing. */
export function readRepository(text: string): RepositoryName[] {
  return readOr(parseRepositoryName, text)
}

/** A moment as an interface tells it; `undefined` when it tells none, or the zero of its language. */
export function readDate(text: string | null | undefined): Date | undefined {
  const date = new Date(text ?? Number.NaN)
  return Number.isNaN(date.getTime()) || date.getUTCFullYear() < 1971 ? undefined : date
}

function readOr<T>(parse: (text: string) => T, text: string): T[] {
  try {
    return [parse(text)]
  } catch {
    return []
  }
}
