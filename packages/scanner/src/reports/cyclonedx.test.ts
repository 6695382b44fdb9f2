import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ScanReport } from '../finding.ts'
import { readSbom } from '../sbom/read-sbom.ts'
import { writeCycloneDx } from './cyclonedx.ts'
import { emptyReport, sampleReport } from './testing/sample-report.ts'

const require = createRequire(import.meta.url)
const library = require.resolve('@cyclonedx/cyclonedx-library')
const schema = (name: string): object =>
  JSON.parse(
    readFileSync(join(dirname(library), '../res/schema', `${name}.SNAPSHOT.schema.json`), 'utf8'),
  )
const ajv = new Ajv({ strict: false, allErrors: true })
// The plugin is published as CommonJS: Node gives its function as the default export, its types do not say so.
;(addFormats as unknown as (ajv: Ajv) => void)(ajv)
// The schema asks for them; none of what is checked here is an IRI or an internationalised address.
ajv.addFormat('iri-reference', true)
ajv.addFormat('idn-email', true)
for (const name of ['spdx', 'jsf-0.82']) {
  ajv.addSchema(schema(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`)
}
const validate = ajv.compile(schema('bom-1.6'))
const problems = (text: string) => {
  validate(JSON.parse(text))
  return validate.errors ?? []
}

describe('writeCycloneDx', () => {
  test.each([
    ['a full report', sampleReport],
    ['an empty folder', emptyReport],
  ])('%s is valid against the schema of CycloneDX 1.6, with and without findings', (_, report) => {
    expect(problems(writeCycloneDx(report))).toEqual([])
    expect(problems(writeCycloneDx(report, { withFindings: true }))).toEqual([])
  })

  test('the schema refuses what is wrong', () => {
    const broken = JSON.parse(writeCycloneDx(sampleReport))
    expect(problems(JSON.stringify({ ...broken, serialNumber: 'x' }))).not.toEqual([])
    expect(problems(JSON.stringify({ ...broken, components: [{ type: 'lib' }] }))).not.toEqual([])
  })

  test('whatever a package says of itself, the document is valid', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.array(fc.oneof(fc.string(), fc.constantFrom('MIT', 'GPL-2.0+', 'MIT AND LicenseRef-x'))),
        (text, licenses) => {
          const [first] = sampleReport.catalogue.packages
          const odd = { ...first!, path: text, maintainer: text, licenses }
          const report = {
            ...sampleReport,
            catalogue: { ...sampleReport.catalogue, packages: [odd] },
          }
          expect(problems(writeCycloneDx(report, { withFindings: true }))).toEqual([])
        },
      ),
      { numRuns: 50 },
    )
  })

  test('is the same for the same report, and another for another', () => {
    const text = writeCycloneDx(sampleReport)
    expect(writeCycloneDx(structuredClone(sampleReport))).toBe(text)
    const other = writeCycloneDx({ ...sampleReport, scannedAt: '2026-11-28T00:00:00Z' })
    expect(JSON.parse(other).serialNumber).not.toBe(JSON.parse(text).serialNumber)
  })

  test('what was written is read back', () => {
    const read = readSbom(Buffer.from(writeCycloneDx(sampleReport)))
    expect(read).toEqual(readBack(sampleReport))
  })

  test('without findings it has no vulnerabilities; with them each names its packages and its judgement', () => {
    expect(JSON.parse(writeCycloneDx(sampleReport)).vulnerabilities).toBeUndefined()
    const { vulnerabilities, components } = JSON.parse(
      writeCycloneDx(sampleReport, { withFindings: true }),
    )
    const known = new Set(
      components.map((component: { 'bom-ref': string }) => component['bom-ref']),
    )
    expect(
      vulnerabilities.map((found: { id: string; affects: { ref: string }[] }) => [
        found.id,
        found.affects.every(({ ref }) => known.has(ref)),
      ]),
    ).toEqual([
      ['CVE-2021-44228', true],
      ['CVE-2023-5678', true],
      ['CVE-2022-3715', true],
      ['CVE-2024-0001', true],
    ])
    expect(vulnerabilities[3].analysis).toMatchObject({
      state: 'not_affected',
      justification: 'code_not_reachable',
      detail: 'Not called, ever. Judged by security@example.org (openvex).',
    })
    expect(vulnerabilities[1].ratings).toContainEqual({
      source: { name: 'redhat' },
      method: 'other',
    })
    expect(vulnerabilities[2].affects[0].versions[0].status).toBe('unknown')
  })

  test('what is not covered makes it incomplete', () => {
    expect(JSON.parse(writeCycloneDx(sampleReport)).compositions).toEqual([
      { aggregate: 'incomplete', assemblies: [expect.stringContaining('pkg:oci/app@')] },
    ])
    expect(JSON.parse(writeCycloneDx(emptyReport)).compositions).toBeUndefined()
  })
})

/** In the order of a catalogue. */
function readBack({ catalogue }: ScanReport): ScanReport['catalogue'] {
  const key = (found: (typeof catalogue.packages)[number]) =>
    `${found.kind} ${found.name} ${found.path}`
  return {
    ...catalogue,
    packages: [...catalogue.packages].sort((a, b) => (key(a) < key(b) ? -1 : 1)),
  }
}
