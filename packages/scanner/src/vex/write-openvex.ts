import { createHash } from 'node:crypto'
import { openVexJustifications } from './openvex.ts'
import type { VexProduct, VexStatement } from './vex-statement.ts'

/** OpenVEX's words for CycloneDX's; what has none is said in the impact statement. */
const fromCycloneDx: Readonly<Record<string, (typeof openVexJustifications)[number]>> = {
  code_not_present: 'vulnerable_code_not_present',
  code_not_reachable: 'vulnerable_code_not_in_execute_path',
  protected_by_mitigating_control: 'inline_mitigations_already_exist',
  protected_by_compiler: 'inline_mitigations_already_exist',
  protected_at_runtime: 'inline_mitigations_already_exist',
}

/**
 * An OpenVEX 0.2.0 document with these statements, in their order. The same input makes the same bytes; the document's id
 * is made of its content. `timestamp`: ISO moment of the document; each statement keeps its own.
 */
export function writeOpenVex(document: {
  readonly author: string
  readonly timestamp: string
  readonly statements: readonly VexStatement[]
}): string {
  const body = {
    author: document.author,
    timestamp: document.timestamp,
    version: 1,
    statements: document.statements.map(statementOf),
  }
  const id = createHash('sha256').update(JSON.stringify(body)).digest('hex')
  return `${JSON.stringify(
    {
      '@context': 'https://openvex.dev/ns/v0.2.0',
      '@id': `https://openvex.dev/docs/public/vex-${id}`,
      ...body,
    },
    null,
    2,
  )}\n`
}

function statementOf(said: VexStatement): Record<string, unknown> {
  const { justification } = said
  const known =
    openVexJustifications.find((word) => word === justification) ??
    fromCycloneDx[justification ?? '']
  const text =
    known === undefined
      ? [justification, said.statement].filter((part) => part !== undefined).join(': ')
      : (said.statement ?? '')
  return {
    vulnerability: {
      name: said.vulnerability,
      ...(said.aliases.length > 0 && { aliases: said.aliases }),
    },
    timestamp: said.timestamp,
    products: said.products.map(productOf),
    status: said.status,
    ...(said.status === 'not_affected' && known !== undefined && { justification: known }),
    ...(text !== '' && { [textField(said.status)]: text }),
  }
}

function textField(status: VexStatement['status']): string {
  if (status === 'not_affected') return 'impact_statement'
  return status === 'affected' ? 'action_statement' : 'status_notes'
}

function productOf({ purl, digest, subcomponents }: VexProduct): Record<string, unknown> {
  return {
    '@id': purl ?? digest,
    ...(purl !== undefined && { identifiers: { purl } }),
    ...(digest?.startsWith('sha256:') === true && {
      hashes: { 'sha-256': digest.slice('sha256:'.length) },
    }),
    ...(subcomponents.length > 0 && {
      subcomponents: subcomponents.map((part) => ({ '@id': part, identifiers: { purl: part } })),
    }),
  }
}
