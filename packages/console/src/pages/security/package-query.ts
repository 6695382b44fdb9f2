import { securityText } from '../../text/security.ts'

const text = securityText.packages

/** What the API is asked, or what is wrong and at which column, from 1 on. */
export type PackageQuery =
  | { readonly name: string; readonly version: string | undefined }
  | { readonly column: number; readonly fault: string }

/** Reads a search such as `openssl>=3.0.0,<3.0.7`: a name, then ranges. */
export function readPackageQuery(written: string): PackageQuery {
  const [name = ''] = /^\s*@?[^<>=!]*/.exec(written) ?? []
  const start = name.length - name.trimStart().length
  const trimmed = name.trim()
  if (trimmed === '') return { column: start + 1, fault: text.noName }
  const wrong = /[\s,]/.exec(trimmed)
  if (wrong) return { column: start + wrong.index + 1, fault: text.badName(wrong[0]) }
  const rest = written.slice(name.length)
  if (rest.trim() === '') return { name: trimmed, version: undefined }
  let column = name.length + 1
  for (const bound of rest.split(',')) {
    if (!/^\s*(?:<=|>=|==|!=|<|>|=)\s*[^\s<>=!]+\s*$/.test(bound)) {
      const blank = bound.length - bound.trimStart().length
      return { column: column + blank, fault: text.badBound(bound.trim()) }
    }
    column += bound.length + 1
  }
  return { name: trimmed, version: rest.trim() }
}
