import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readSbom } from '../sbom/read-sbom.ts'
import { spdxExpression } from './licenses.ts'
import { writeSpdx } from './spdx.ts'
import { emptyReport, sampleReport } from './testing/sample-report.ts'

describe('writeSpdx', () => {
  const document = JSON.parse(writeSpdx(sampleReport))

  test('describes the image, which contains its distribution and every package', () => {
    expect(document).toMatchObject({
      spdxVersion: 'SPDX-2.3',
      dataLicense: 'CC0-1.0',
      creationInfo: { created: '2026-11-27T10:11:12Z', creators: ['Tool: Berth-0.1.0'] },
    })
    const ids = document.packages.map(({ SPDXID }: { SPDXID: string }) => SPDXID)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids).toHaveLength(7)
    const contained = document.relationships
      .filter((found: { relationshipType: string }) => found.relationshipType === 'CONTAINS')
      .map((found: { relatedSpdxElement: string }) => found.relatedSpdxElement)
    expect(contained).toEqual(ids.slice(1))
    for (const id of ids) expect(id).toMatch(/^SPDXRef-[a-zA-Z0-9.-]+$/)
  })

  test('every LicenseRef has its text', () => {
    const [, , libssl] = document.packages
    expect(libssl.licenseDeclared).toMatch(
      /^Apache-2.0 AND LicenseRef-GPL-2-with-OpenSSL-exception-\w{12}$/,
    )
    const reference = libssl.licenseDeclared.split(' ').at(-1)
    expect(document.hasExtractedLicensingInfos).toContainEqual({
      licenseId: reference,
      name: 'GPL-2+ with OpenSSL exception',
      extractedText: 'GPL-2+ with OpenSSL exception',
    })
  })

  test('what was written is read back, but for how several licences were listed', () => {
    const read = readSbom(Buffer.from(writeSpdx(sampleReport)))
    const byName = new Map(read.packages.map((found) => [`${found.name} ${found.path}`, found]))
    expect(read.packages).toHaveLength(sampleReport.catalogue.packages.length)
    for (const wanted of sampleReport.catalogue.packages) {
      const { licenses: _, ...found } = byName.get(`${wanted.name} ${wanted.path}`) ?? {}
      const { licenses: __, ...facts } = wanted
      expect(found).toEqual(facts)
    }
    expect(read.packages.find(({ name }) => name === 'bash')?.licenses).toEqual(['GPLv3+'])
    expect(read.distribution).toEqual(sampleReport.catalogue.distribution)
    expect(read.notCovered).toEqual(sampleReport.catalogue.notCovered)
  })

  test('is the same for the same report, and its namespace another for another', () => {
    expect(writeSpdx(structuredClone(sampleReport))).toBe(writeSpdx(sampleReport))
    const empty = JSON.parse(writeSpdx(emptyReport))
    expect(empty.documentNamespace).not.toBe(document.documentNamespace)
  })

  test('with findings, packages refer to advisories that are addresses', () => {
    const refs = JSON.parse(writeSpdx(sampleReport, { withFindings: true })).packages.flatMap(
      (found: { externalRefs?: { referenceType: string; referenceLocator: string }[] }) =>
        (found.externalRefs ?? []).filter(({ referenceType }) => referenceType === 'advisory'),
    )
    expect(
      refs.map(({ referenceLocator }: { referenceLocator: string }) => referenceLocator),
    ).toEqual([
      'https://www.openssl.org/news/secadv/20231106.txt',
      'https://logging.apache.org/log4j/2.x/security.html',
    ])
  })
})

describe('spdxExpression', () => {
  test.each([
    [[], 'NOASSERTION'],
    [['NONE', ' '], 'NOASSERTION'],
    [['MIT'], 'MIT'],
    [['MIT', 'MIT'], 'MIT'],
    [['MIT OR Apache-2.0'], 'MIT OR Apache-2.0'],
    [['(MIT OR Apache-2.0)'], '(MIT OR Apache-2.0)'],
    [['MIT OR Apache-2.0', 'Zlib'], '(MIT OR Apache-2.0) AND Zlib'],
    [['GPL-2.0-only WITH Classpath-exception-2.0'], 'GPL-2.0-only WITH Classpath-exception-2.0'],
    [['LicenseRef-mine'], 'LicenseRef-mine'],
  ])('%j becomes %s', (declared, expression) => {
    expect(spdxExpression(declared).expression).toBe(expression)
  })

  test('two texts never share a reference, and every reference of an expression is extracted', () => {
    const { expression, extracted } = spdxExpression(['a b', 'a-b', '§', 'MIT AND LicenseRef-x'])
    const ids = extracted.map(({ id }) => id)
    expect(new Set(ids).size).toBe(4)
    for (const id of ids) expect(expression).toContain(id)
  })

  test('any text gives an expression of SPDX characters', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (declared) => {
        const { expression, extracted } = spdxExpression(declared)
        expect(expression).toMatch(/^[A-Za-z0-9.+():\s-]+$/)
        for (const { id } of extracted) expect(id).toMatch(/^LicenseRef-[A-Za-z0-9.-]+$/)
      }),
    )
  })
})
