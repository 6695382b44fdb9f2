import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildAdvisories } from '../../packages/scanner/src/advisories/builder.ts'
import {
  openAdvisories,
  type AdvisoryDatabase,
} from '../../packages/scanner/src/advisories/database.ts'
import { importOsv } from '../../packages/scanner/src/advisories/import-osv.ts'
import { matchCatalogue } from '../../packages/scanner/src/advisories/match.ts'
import type { PackageFinding } from '../../packages/scanner/src/finding.ts'
import { catalogueDirectory } from '../../packages/scanner/src/layers/directory.ts'
import { findTool, mustRun, requireTool, run, toolsDirectory } from '../tools/process.ts'
import { advisoryFolder, isWithoutAdvisories } from './advisory-data.ts'
import { agedPackages, agedWheels } from './aged-packages.ts'

const seed = 20_230_329
const reader = join(import.meta.dirname, 'read-advisories.py')
const zip = (name: string): string => join(advisoryFolder, 'osv', `${name}.zip`)

describe.skipIf(isWithoutAdvisories)(`real advisories, read in two ways (seed ${seed})`, () => {
  let folder: string
  let database: AdvisoryDatabase

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-debian11-'))
    const file = join(folder, 'advisories.db')
    await buildAdvisories(
      file,
      ['Debian', 'Go', 'PyPI'].map((name) => importOsv({ path: zip(name) })),
    )
    database = openAdvisories(file)
  })
  afterAll(async () => {
    database?.close()
    await rm(folder, { recursive: true, force: true })
  })

  test('a Debian 11 root, its packages set back to early 2023', async () => {
    const root = join(folder, 'bullseye')
    await debian11(root)
    const status = join(root, 'var/lib/dpkg/status')
    const records = await recordsOf(zip('Debian'))
    const aged = agedPackages(await readFile(status, 'utf8'), records, seed)
    await writeFile(status, aged.status)
    const catalogue = await catalogueDirectory(root)
    expect(catalogue.distribution).toMatchObject({ id: 'debian', release: '11' })
    expect(catalogue.packages.filter(({ kind }) => kind === 'deb')).toHaveLength(aged.count)

    const findings = matchCatalogue(database, catalogue).filter(
      (finding) => finding.package.kind === 'deb',
    )
    trace(findings, records)
    const expected = await readAgain('deb', zip('Debian'), root)
    console.log(
      `Debian 11: ${aged.count} packages, ${findings.length} findings, ${expected.length} by the second reading`,
    )
    expect(expected.length).toBeGreaterThan(1000)
    expect(rowsOf(findings)).toEqual(expected)
  })

  test('Go programs', async () => {
    const programs = ['crane', 'oras', 'helm', 'cosign', 'buildkitd'].flatMap(
      (name) => findTool(name) ?? [],
    )
    expect(programs.length, 'run: bash test/tools/install.sh').toBeGreaterThanOrEqual(3)
    const root = join(folder, 'go/usr/local/bin')
    await mkdir(root, { recursive: true })
    for (const program of programs) await cp(program, join(root, program.split('/').at(-1) ?? ''))
    const old = await oldGoProgram(folder)
    await cp(old, join(root, 'old'))
    const catalogue = await catalogueDirectory(join(folder, 'go'))
    const findings = matchCatalogue(database, catalogue)
    trace(findings, await recordsOf(zip('Go')))
    const expected = await readAgain('golang', zip('Go'), ...programs, old)
    console.log(
      `Go: ${catalogue.packages.length} modules, ${findings.length} findings, ${expected.length} different ones by the second reading`,
    )
    expect(expected.length).toBeGreaterThan(10)
    expect(rowsOf(findings)).toEqual(expected)
  })

  test('Python packages', async () => {
    const site = join(folder, 'python/usr/lib/python3/dist-packages')
    const records = await recordsOf(zip('PyPI'))
    for (const { name, version } of agedWheels(records, seed)) {
      const place = join(site, `${name.replaceAll('-', '_')}-${version}.dist-info`)
      await mkdir(place, { recursive: true })
      await writeFile(
        join(place, 'METADATA'),
        `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n\n`,
      )
    }
    const catalogue = await catalogueDirectory(join(folder, 'python'))
    const findings = matchCatalogue(database, catalogue)
    trace(findings, records)
    const expected = await readAgain('pypi', zip('PyPI'), site)
    console.log(
      `PyPI: ${catalogue.packages.length} packages, ${findings.length} findings, ${expected.length} by the second reading`,
    )
    expect(expected.length).toBeGreaterThan(500)
    expect(rowsOf(findings)).toEqual(expected)
  })
})

type Record_ = {
  id: string
  aliases?: string[]
  upstream?: string[]
  affected: { package: { ecosystem: string; name: string } }[]
}

/** Every finding's advisories are there, name its vulnerability, and name the package. */
function trace(findings: readonly PackageFinding[], records: readonly Record_[]): void {
  const byId = new Map(records.map((record) => [record.id, record]))
  const untraced = findings.flatMap((finding) => {
    const subject = plain(finding.package.source?.name ?? finding.package.name)
    const strays = finding.advisories.filter(({ id }) => {
      const record = byId.get(id)
      if (record === undefined) return true
      const names = [record.id, ...(record.aliases ?? []), ...(record.upstream ?? [])]
      const isNamed = record.affected.some((entry) => plain(entry.package.name) === subject)
      return !names.includes(finding.vulnerability) || !isNamed
    })
    return finding.advisories.length === 0 || strays.length > 0 ? [finding] : []
  })
  expect(untraced).toEqual([])
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, '-')
}

type Row = [name: string, version: string, vulnerability: string, advisories: string[]]

async function readAgain(...parameters: readonly string[]): Promise<Row[]> {
  const { stdout, status, output } = await run('python3', [reader, ...parameters], {
    timeoutSeconds: 250,
  })
  if (status !== 0) throw new Error(`the second reading failed: ${output.slice(-2000)}`)
  return (JSON.parse(stdout) as Row[]).sort(inOrder)
}

/** One for each package and vulnerability, whatever the number of places it was found in. */
function rowsOf(findings: readonly PackageFinding[]): Row[] {
  const rows = new Map<string, Row>()
  for (const { package: subject, vulnerability, advisories } of findings) {
    const ids = advisories.map(({ id }) => id).sort()
    const row: Row = [subject.name, subject.version, vulnerability, ids]
    rows.set(JSON.stringify(row.slice(0, 3)), row)
  }
  return [...rows.values()].sort(inOrder)
}

function inOrder(a: Row, b: Row): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)]
  return left < right ? -1 : Number(left > right)
}

async function recordsOf(path: string): Promise<Record_[]> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-records-'))
  try {
    await mustRun('python3', ['-m', 'zipfile', '-e', path, folder])
    const names = await readdir(folder)
    return await Promise.all(
      names
        .toSorted()
        .map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as Record_),
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** debootstrap takes a minute or more: it is made once, beside the other tools of the tests. */
async function debian11(root: string): Promise<void> {
  const cached = join(toolsDirectory, 'debian11')
  if (!existsSync(cached)) {
    const part = await mkdtemp(join(toolsDirectory, 'debootstrap-'))
    const arguments_ = ['--variant=minbase', 'bullseye', part, await debianMirror()]
    const { output } = await run(requireTool('debootstrap'), arguments_, { timeoutSeconds: 900 })
    if (!existsSync(join(part, 'var/lib/dpkg/status'))) {
      throw new Error(`debootstrap failed: ${output.slice(-2000)}`)
    }
    await rename(part, cached)
  }
  await mustRun('cp', ['-a', '--reflink=auto', cached, root])
}

/** The one that this machine uses. */
async function debianMirror(): Promise<string> {
  const places = ['/etc/apt/sources.list.d', '/etc/apt/sources.list']
  const { stdout } = await run('grep', ['-rhoE', 'https?://[^ ]+/debian/?( |$)', ...places])
  const [mirror] = stdout.split('\n')
  if (mirror === undefined || mirror === '') throw new Error('no Debian mirror is configured')
  return mirror.trim()
}

/** A program that is built with modules of which advisories are known. */
async function oldGoProgram(folder: string): Promise<string> {
  const source = join(folder, 'old')
  await mkdir(source)
  await writeFile(
    join(source, 'go.mod'),
    'module example.org/old\n\ngo 1.20\n\nrequire (\n\tgolang.org/x/text v0.3.5\n\tgolang.org/x/net v0.1.0\n\tgopkg.in/yaml.v2 v2.2.2\n)\n',
  )
  await writeFile(
    join(source, 'main.go'),
    'package main\n\nimport (\n\t"fmt"\n\n\t"golang.org/x/net/html"\n\t"golang.org/x/text/language"\n\t"gopkg.in/yaml.v2"\n)\n\nfunc main() {\n\tout, _ := yaml.Marshal(html.EscapeString("x"))\n\tfmt.Println(string(out), language.English)\n}\n',
  )
  await mustRun('go', ['build', '-mod=mod', '-o', 'old', '.'], { cwd: source, timeoutSeconds: 250 })
  return join(source, 'old')
}
