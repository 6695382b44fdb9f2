import { createHash } from 'node:crypto'
import parse from 'spdx-expression-parse'

/** A text that is no SPDX expression, under the name that SPDX asks for. */
export type ExtractedLicense = {
  /** `LicenseRef-…`. */
  readonly id: string
  /** What was declared. */
  readonly text: string
}

/** Longer declarations are whole texts, or an attack on the parser. */
const maximumExpression = 1000

/** How a declared licence can be said in SPDX and CycloneDX. */
export type DeclaredLicense =
  | { readonly form: 'id'; readonly id: string }
  | {
      readonly form: 'expression'
      readonly expression: string
      /** `LicenseRef-…` in it, whose texts nobody gave. */
      readonly references: readonly string[]
    }
  | { readonly form: 'text'; readonly text: string }

/** An image declares the same few licences a thousand times, and the parser is slow. */
const known = new Map<string, DeclaredLicense | undefined>()
const maximumKnown = 5000

/** Reads what a package declares: one licence of the SPDX list, an expression of them, or just a text. */
export function readLicense(declared: string): DeclaredLicense | undefined {
  if (known.has(declared)) return known.get(declared)
  const license = parseLicense(declared)
  if (known.size >= maximumKnown) known.clear()
  if (declared.length <= maximumExpression) known.set(declared, license)
  return license
}

function parseLicense(declared: string): DeclaredLicense | undefined {
  const text = declared.trim()
  if (text === '' || text === 'NONE' || text === 'NOASSERTION') return undefined
  if (text.length > maximumExpression) return { form: 'text', text }
  try {
    const parsed = parse(text)
    const names = namesIn(parsed)
    if (names.some((name) => name.startsWith('DocumentRef-'))) return { form: 'text', text }
    if ('license' in parsed && !text.includes(' ') && /^[A-Za-z0-9.-]+$/.test(text)) {
      if (!text.startsWith('LicenseRef-')) return { form: 'id', id: parsed.license }
    }
    return {
      form: 'expression',
      expression: text,
      references: names.filter((name) => name.startsWith('LicenseRef-')),
    }
  } catch {
    return { form: 'text', text }
  }
}

/** One SPDX expression for all that a package declares, with what it refers to; `NOASSERTION` for nothing. */
export function spdxExpression(declared: readonly string[]): {
  readonly expression: string
  readonly extracted: readonly ExtractedLicense[]
} {
  const extracted: ExtractedLicense[] = []
  const parts = declared.flatMap((text) => {
    const license = readLicense(text)
    if (license === undefined) return []
    if (license.form === 'id') return [license.id]
    if (license.form === 'text') {
      const reference = { id: referenceTo(license.text), text: license.text }
      extracted.push(reference)
      return [reference.id]
    }
    extracted.push(...license.references.map((id) => ({ id, text: id })))
    return [
      /\s(?:AND|OR)\s/i.test(license.expression) ? `(${license.expression})` : license.expression,
    ]
  })
  const unique = [...new Set(parts)]
  if (unique.length === 0) return { expression: 'NOASSERTION', extracted: [] }
  const only = unique.length === 1 ? unique[0]?.replace(/^\((.*)\)$/s, '$1') : undefined
  return { expression: only ?? unique.join(' AND '), extracted }
}

/** Readable, and no two texts under one name. */
function referenceTo(text: string): string {
  const slug = text
    .replace(/[^A-Za-z0-9.]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40)
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 12)
  return `LicenseRef-${slug === '' ? '' : `${slug}-`}${hash}`
}

function namesIn(parsed: ReturnType<typeof parse>): string[] {
  if ('license' in parsed) return [parsed.license]
  return [...namesIn(parsed.left), ...namesIn(parsed.right)]
}
