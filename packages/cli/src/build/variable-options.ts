import { ClientError } from '@berth/client/client-error.ts'

/** Reads `--set NAME=value`. Throws `inputInvalid`. */
export function readVariables(texts: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    texts.map((text) => {
      const found = /^([A-Za-z_][A-Za-z0-9_]*)=([^]*)$/.exec(text)
      if (found === null) {
        // The text is not shown: it may be a secret without its name.
        throw new ClientError('inputInvalid', '--set takes NAME=value.', {
          next: 'The name has letters, digits and "_", and does not begin with a digit.',
        })
      }
      return [found[1] ?? '', found[2] ?? '']
    }),
  )
}
