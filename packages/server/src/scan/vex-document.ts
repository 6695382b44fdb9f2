import { parsePurl, purlPackage } from '@berth/scanner/sbom/purl-package.ts'
import { readVex } from '@berth/scanner/vex/read-vex.ts'
import type { VexStatement } from '@berth/scanner/vex/vex-statement.ts'
import type { LeftOut, VexInput, VexScope } from './vex-inputs.ts'

type VexReading = { inputs: VexInput[]; leftOut: LeftOut[]; source: 'openvex' | 'cyclonedx' }

/** Taken over from one document. */
const documentMax = 2000

/** What a document says within a scope, 2,000 statements at most. Throws `Unreadable`. */
export function readVexInputs(document: unknown, scope: VexScope): VexReading {
  const statements = readVex(Buffer.from(JSON.stringify(document)))
  const inputs: VexInput[] = []
  const leftOut: LeftOut[] = []
  for (const statement of statements) {
    if (inputs.length >= documentMax) {
      const reason = `The document has more than ${documentMax} statements.`
      leftOut.push({ vulnerability: statement.vulnerability, reason })
      continue
    }
    const found = inputsOf(statement, scope)
    if (found.length === 0) {
      const reason = 'It speaks of no package and no image that Berth can tell.'
      leftOut.push({ vulnerability: statement.vulnerability, reason })
    }
    inputs.push(...found)
  }
  const source = statements[0]?.source === 'cyclonedx' ? 'cyclonedx' : 'openvex'
  return { inputs, leftOut, source }
}

/** One for each product and package that it names. An image in the request narrows what the document says. */
function inputsOf(statement: VexStatement, scope: VexScope): VexInput[] {
  const { vulnerability, status, justification, statement: words } = statement
  const base = { ...scope, vulnerability, status, justification, statement: words?.slice(0, 4000) }
  return statement.products.flatMap(({ purl, digest, subcomponents }): VexInput[] => {
    const named = digest ?? digestOf(purl)
    if (scope.image !== undefined && named !== undefined && named !== scope.image) return []
    const image = scope.image ?? named
    const packages = subcomponents.flatMap((one) => packageOf(one) ?? [])
    if (packages.length > 0) return packages.map((name) => ({ ...base, image, package: name }))
    if (subcomponents.length > 0) return []
    const own = purl === undefined ? undefined : packageOf(purl)
    if (own !== undefined) return [{ ...base, image, package: own }]
    return image === undefined ? [] : [{ ...base, image }]
  })
}

function digestOf(purl: string | undefined): string | undefined {
  return /^pkg:oci\/[^@]+@(sha256(?::|%3A)[0-9a-f]{64})/i
    .exec(purl ?? '')?.[1]
    ?.replace(/%3a/i, ':')
}

const distributions = new Set(['deb', 'rpm', 'apk'])

/** `kind:name`, with `@version` where it says one, as statements are kept. */
function packageOf(text: string): string | undefined {
  const known = purlPackage(text)
  if (known !== undefined) return `${known.kind}:${known.name}@${known.version}`
  const parsed = parsePurl(text)
  if (parsed === undefined || parsed.type === 'oci' || parsed.version) return undefined
  const { type, namespace, name } = parsed
  const separator = type === 'maven' ? ':' : '/'
  const isPlain = !namespace || distributions.has(type)
  return `${type}:${isPlain ? name : `${namespace}${separator}${name}`}`
}
