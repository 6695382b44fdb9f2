import { Option } from 'commander'

/**
 * Collects what is given several times; with a `separator` one value may hold several. Not a variadic option: that would
 * swallow the arguments after it.
 */
export function repeatable(flags: string, description: string, separator?: string): Option {
  return new Option(flags, description).argParser(
    (value: string, earlier: string[] | undefined) => [
      ...(earlier ?? []),
      ...(separator === undefined ? [value] : value.split(separator)),
    ],
  )
}
