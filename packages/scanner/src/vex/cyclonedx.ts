import { z } from 'zod'
import { Unreadable } from '../detector.ts'
import { parsePurl } from '../sbom/purl-package.ts'
import { vexStatuses } from './cyclonedx-words.ts'
import type { VexProduct, VexStatement } from './vex-statement.ts'

const component = z.object({
  'bom-ref': z.string().optional(),
  purl: z.string().optional(),
  version: z.string().optional(),
  components: z.array(z.unknown()).optional(),
})
const analysis = z.object({
  state: z.string().optional(),
  justification: z.string().optional(),
  detail: z.string().optional(),
  firstIssued: z.string().optional(),
  lastUpdated: z.string().optional(),
})
const vulnerability = z.object({
  id: z.string().min(1),
  references: z.array(z.object({ id: z.string() })).optional(),
  analysis: analysis.optional(),
  affects: z.array(z.object({ ref: z.string() })).optional(),
})
const contact = z.object({ name: z.string().optional(), email: z.string().optional() })
const cycloneDxVex = z.object({
  metadata: z
    .object({
      timestamp: z.string().optional(),
      component: component.optional(),
      authors: z.array(contact).optional(),
      supplier: z.object({ name: z.string().optional() }).optional(),
      manufacturer: z.object({ name: z.string().optional() }).optional(),
    })
    .optional(),
  components: z.array(z.unknown()).optional(),
  vulnerabilities: z.array(z.unknown()).optional(),
})

type Component = z.infer<typeof component>
type Reference = { readonly purl: string } | { readonly isRoot: true }

/** Components in components. */
const maximumDepth = 32

/**
 * The statements of a CycloneDX document with analyses (https://cyclonedx.org/capabilities/vex/): each vulnerability that
 * has one. `affects` may name components of the document, package URLs, and BOM links to them. Throws `Unreadable` with
 * the place for what breaks a rule.
 */
export function readCycloneDxVex(document: unknown, maximumStatements: number): VexStatement[] {
  const head = checked(cycloneDxVex, document, 'the document')
  const items = head.vulnerabilities ?? []
  if (items.length > maximumStatements) {
    throw new Unreadable(`the document has more than ${maximumStatements} vulnerabilities`)
  }
  const root = head.metadata?.component
  const references = new Map<string, Reference>()
  collect(head.components ?? [], references, maximumDepth, { left: maximumStatements })
  if (root?.['bom-ref'] !== undefined) references.set(root['bom-ref'], { isRoot: true })
  const author = authorOf(head.metadata)
  return items.flatMap((item, index) => {
    const place = `vulnerabilities[${index}]`
    const found = checked(vulnerability, item, place)
    const { analysis } = found
    if (analysis?.state === undefined) return []
    const status = vexStatuses[analysis.state]
    if (status === undefined) {
      throw new Unreadable(`${place}.analysis.state ${analysis.state.slice(0, 40)} is no state`)
    }
    if (status === 'not_affected' && !analysis.justification && !analysis.detail?.trim()) {
      throw new Unreadable(`${place}: ${analysis.state} needs a justification or a detail`)
    }
    const timestamp = analysis.lastUpdated ?? analysis.firstIssued ?? head.metadata?.timestamp
    return [
      {
        vulnerability: found.id,
        aliases: (found.references ?? []).map(({ id }) => id),
        products: productsOf(found.affects ?? [], root, references, place),
        status,
        ...(analysis.justification !== undefined && { justification: analysis.justification }),
        ...(analysis.detail !== undefined && { statement: analysis.detail }),
        author,
        timestamp: momentOf(timestamp, place),
        source: 'cyclonedx',
      },
    ]
  })
}

function checked<T>(schema: z.ZodType<T>, value: unknown, place: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new Unreadable(
    `it is not CycloneDX: ${[place, ...(issue?.path ?? [])].join('.')}: ${issue?.message ?? ''}`,
  )
}

function collect(
  items: readonly unknown[],
  references: Map<string, Reference>,
  depth: number,
  count: { left: number },
): void {
  if (depth === 0)
    throw new Unreadable(`components lie more than ${maximumDepth} deep in one another`)
  for (const item of items) {
    count.left -= 1
    if (count.left < 0) throw new Unreadable('the document has too many components')
    const found = checked(component, item, 'components')
    if (found['bom-ref'] !== undefined && found.purl !== undefined) {
      references.set(found['bom-ref'], { purl: found.purl })
    }
    collect(found.components ?? [], references, depth - 1, count)
  }
}

/** Components are meant as parts of what the document describes, when it says what that is. */
function productsOf(
  affects: readonly { readonly ref: string }[],
  root: Component | undefined,
  references: ReadonlyMap<string, Reference>,
  place: string,
): VexProduct[] {
  const whole = root === undefined ? undefined : productOf(root)
  const purls: string[] = []
  let meansAll = affects.length === 0
  for (const { ref } of affects) {
    const found = resolve(ref, references)
    if (found === undefined) {
      throw new Unreadable(`${place}.affects: ${ref.slice(0, 100)} is nothing in the document`)
    }
    if ('isRoot' in found) meansAll = true
    else purls.push(found.purl)
  }
  if (whole !== undefined) return [{ ...whole, subcomponents: meansAll ? [] : purls }]
  if (meansAll) throw new Unreadable(`${place}: the document does not say what it describes`)
  return purls.map((purl) => ({ purl, subcomponents: [] }))
}

/** A component of the document, a package URL, or a link: `urn:cdx:<serial>/<version>#<reference>`. */
function resolve(ref: string, references: ReadonlyMap<string, Reference>): Reference | undefined {
  const known = references.get(ref)
  if (known !== undefined) return known
  const text = /^urn:cdx:[^#]+#(.+)$/.exec(ref)?.[1] ?? ref
  for (const candidate of [text, decoded(text)]) {
    const found = references.get(candidate)
    if (found !== undefined) return found
    if (parsePurl(candidate) !== undefined) return { purl: candidate }
  }
  return undefined
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function productOf(root: Component): Omit<VexProduct, 'subcomponents'> | undefined {
  const purl = root.purl !== undefined && parsePurl(root.purl) !== undefined ? root.purl : undefined
  const digest = /^sha256:[0-9a-f]{64}$/.test(root.version ?? '') ? root.version : undefined
  if (purl === undefined && digest === undefined) return undefined
  return { ...(purl !== undefined && { purl }), ...(digest !== undefined && { digest }) }
}

function authorOf(metadata: z.infer<typeof cycloneDxVex>['metadata']): string {
  const author = metadata?.authors?.[0]
  const named = [
    author?.email,
    author?.name,
    metadata?.manufacturer?.name,
    metadata?.supplier?.name,
  ]
  return named.find((name) => name !== undefined && name !== '') ?? 'unknown'
}

function momentOf(text: string | undefined, place: string): string {
  const time = Date.parse(text ?? '')
  if (Number.isNaN(time)) throw new Unreadable(`${place} has no time, nor has the document`)
  return new Date(time).toISOString()
}
