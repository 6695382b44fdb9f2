import { z } from 'zod'
import { Unreadable } from '../detector.ts'
import { parsePurl } from '../sbom/purl-package.ts'
import type { VexProduct, VexStatement } from './vex-statement.ts'

/** The words of OpenVEX for a `not_affected`. */
export const openVexJustifications = [
  'component_not_present',
  'vulnerable_code_not_present',
  'vulnerable_code_not_in_execute_path',
  'vulnerable_code_cannot_be_controlled_by_adversary',
  'inline_mitigations_already_exist',
] as const

const moment = z.iso.datetime({ offset: true })
const component = z.object({
  '@id': z.string().optional(),
  identifiers: z.record(z.string(), z.string()).optional(),
  hashes: z.record(z.string(), z.string()).optional(),
})
const statement = z
  .object({
    vulnerability: z.object({ name: z.string().min(1), aliases: z.array(z.string()).optional() }),
    timestamp: moment.optional(),
    products: z
      .array(component.extend({ subcomponents: z.array(component).optional() }))
      .optional(),
    status: z.enum(['not_affected', 'affected', 'fixed', 'under_investigation']),
    justification: z.enum(openVexJustifications).optional(),
    impact_statement: z.string().optional(),
    action_statement: z.string().optional(),
    status_notes: z.string().optional(),
  })
  .refine(
    (said) =>
      said.status !== 'not_affected' ||
      said.justification !== undefined ||
      (said.impact_statement ?? '').trim() !== '',
    { message: 'not_affected needs a justification or an impact_statement', path: ['status'] },
  )
  .refine((said) => said.status === 'not_affected' || said.justification === undefined, {
    message: 'only not_affected has a justification',
    path: ['justification'],
  })
const openVex = z.object({
  '@context': z.string(),
  author: z.string().min(1),
  timestamp: moment,
  statements: z.array(z.unknown()),
})

const contexts = ['https://openvex.dev/ns/v0.2.0', 'https://openvex.dev/ns']

/** Whether a document calls itself OpenVEX, of whichever version. */
export function isOpenVex(document: unknown): boolean {
  return (
    typeof document === 'object' &&
    document !== null &&
    '@context' in document &&
    String(document['@context']).startsWith('https://openvex.dev/ns')
  )
}

/**
 * The statements of an OpenVEX 0.2.0 document (https://github.com/openvex/spec). A statement without a time has the
 * document's, one without products those of the in-toto statement around it (`subjects`, as `sha256:…`). Throws
 * `Unreadable` with the place for what breaks a rule, and for a statement about a product that nothing identifies.
 */
export function readOpenVex(
  document: unknown,
  subjects: readonly string[],
  maximumStatements: number,
): VexStatement[] {
  const head = checked(openVex, document, 'the document')
  if (!contexts.includes(head['@context'])) {
    throw new Unreadable(`OpenVEX ${head['@context'].slice(0, 60)} is not read, only 0.2.0`)
  }
  if (head.statements.length > maximumStatements) {
    throw new Unreadable(`the document has more than ${maximumStatements} statements`)
  }
  return head.statements.map((item, index) => {
    const place = `statements[${index}]`
    const said = checked(statement, item, place)
    const products =
      said.products === undefined || said.products.length === 0
        ? subjects.map((digest): VexProduct => ({ digest, subcomponents: [] }))
        : said.products.map((product, at) => productOf(product, `${place}.products[${at}]`))
    if (products.length === 0) throw new Unreadable(`${place} names no product`)
    const text = said.impact_statement ?? said.action_statement ?? said.status_notes
    return {
      vulnerability: said.vulnerability.name,
      aliases: said.vulnerability.aliases ?? [],
      products,
      status: said.status,
      ...(said.justification !== undefined && { justification: said.justification }),
      ...(text !== undefined && { statement: text }),
      author: head.author,
      timestamp: new Date(said.timestamp ?? head.timestamp).toISOString(),
      source: 'openvex',
    }
  })
}

function checked<T>(schema: z.ZodType<T>, value: unknown, place: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new Unreadable(
    `it is not OpenVEX 0.2.0: ${[place, ...(issue?.path ?? [])].join('.')}: ${issue?.message ?? ''}`,
  )
}

function productOf(
  product: z.infer<typeof component> & { subcomponents?: z.infer<typeof component>[] | undefined },
  place: string,
): VexProduct {
  const purl = purlOf(product)
  const digest = digestOf(product)
  if (purl === undefined && digest === undefined) {
    throw new Unreadable(`${place} has neither a package URL nor a sha-256`)
  }
  return {
    ...(purl !== undefined && { purl }),
    ...(digest !== undefined && { digest }),
    subcomponents: (product.subcomponents ?? []).map((part, index) => {
      const found = purlOf(part)
      if (found === undefined) {
        throw new Unreadable(`${place}.subcomponents[${index}] has no package URL`)
      }
      return found
    }),
  }
}

function purlOf(part: z.infer<typeof component>): string | undefined {
  return [part.identifiers?.['purl'], part['@id']].find(
    (text) => text !== undefined && parsePurl(text) !== undefined,
  )
}

function digestOf(part: z.infer<typeof component>): string | undefined {
  const hash = part.hashes?.['sha-256']?.toLowerCase()
  if (hash !== undefined && /^[0-9a-f]{64}$/.test(hash)) return `sha256:${hash}`
  return /(?:^|@)(sha256:[0-9a-f]{64})$/.exec(part['@id'] ?? '')?.[1]
}
