import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Catalogue } from '../../packages/scanner/src/catalogue.ts'
import { LayerScanner } from '../../packages/scanner/src/layers/layer-scanner.ts'
import { mergeLayers } from '../../packages/scanner/src/layers/merge.ts'
import { writeLayer } from '../../packages/scanner/src/testing/write-layer.ts'
import { findTool, mustRun, requireTool } from '../tools/process.ts'
import { type Layout, packLayer, writeLayout } from './oci-layout.ts'
import { roots } from './roots.ts'

/** Every difference that there is between what Berth and syft find in the images of `roots.ts`, and why. */
const differences: readonly {
  image: string
  only: 'syft' | 'berth'
  package: RegExp
  reason: string
}[] = [
  {
    image: 'node',
    only: 'syft',
    package: /^npm \S+@UNKNOWN$/,
    reason:
      'A package.json without a version is no installed package: fixtures of tests and folders that only choose a module format. No advisory could be matched.',
  },
  {
    image: 'python',
    only: 'syft',
    package: /^binary (?:Simple Launcher|cli|gui)/,
    reason:
      'Launchers for Windows in setuptools and pip. syft lists programs by their version resource as "binary", a kind that no advisory is written for.',
  },
]

const kinds: Readonly<Record<string, string>> = {
  'go-module': 'golang',
  python: 'pypi',
  'java-archive': 'maven',
  'rust-crate': 'cargo',
}

type SyftPackage = {
  readonly name: string
  readonly version: string
  readonly type: string
  readonly purl: string
}

/** In Berth's spelling. */
function nameOf({ name, version, type, purl }: SyftPackage): string {
  const kind = kinds[type] ?? type
  // The group of a jar is in its package URL only.
  const [, group, artifact] = /^pkg:maven\/([^/@]+)\/([^/@]+)@/.exec(purl) ?? []
  if (group !== undefined) return `${kind} ${group}:${artifact}@${version}`
  // Advisories write the standard library's version without "go".
  if (kind === 'golang' && name === 'stdlib') return `${kind} ${name}@${version.replace(/^go/, '')}`
  return `${kind} ${name}@${version}`
}

async function syftNames({ folder }: Layout): Promise<string[]> {
  const text = await mustRun(
    requireTool('syft'),
    ['scan', `oci-dir:${folder}`, '-q', '-o', 'json'],
    {
      env: { SYFT_CHECK_FOR_APP_UPDATE: 'false' },
      timeoutSeconds: 300,
    },
  )
  const { artifacts } = JSON.parse(text) as { artifacts: SyftPackage[] }
  return [...new Set(artifacts.map(nameOf))]
}

function berthNames({ packages }: Catalogue): string[] {
  return [...new Set(packages.map(({ kind, name, version }) => `${kind} ${name}@${version}`))]
}

/** At least this many packages, so that an empty image proves nothing. */
const least: Readonly<Record<string, number>> = {
  debian: 80,
  node: 200,
  python: 10,
  go: 80,
  rust: 5,
  java: 5,
  rpm: 3,
}

describeSyft(() => {
  let work = ''
  const scanner = new LayerScanner()

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'berth-syft-'))
  })

  afterAll(async () => {
    await scanner.close()
    await rm(work, { recursive: true, force: true })
  })

  async function imageOf(name: string): Promise<Layout> {
    const root = join(work, name, 'root')
    await mkdir(root, { recursive: true })
    await roots[name]?.(root)
    const layers = [join(work, name, 'base')]
    await packLayer(root, layers[0] ?? '')
    await rm(root, { recursive: true })
    return writeLayout(
      join(work, name, 'layout'),
      layers.map((file) => ({ file })),
    )
  }

  async function catalogueOf({ layers }: Layout): Promise<Catalogue> {
    const read = []
    for (const { file, digest, mediaType } of layers) {
      const stream = createReadStream(file)
      read.push(await scanner.catalogueLayer({ stream, mediaType, name: `layer ${digest}` }))
    }
    return mergeLayers(read)
  }

  it.each(Object.keys(roots))('finds the same in an image of %s', async (name) => {
    const image = await imageOf(name)
    const catalogue = await catalogueOf(image)
    const berth = berthNames(catalogue)
    const syft = await syftNames(image)
    const allowed = differences.filter(({ image }) => image === name)
    const isAllowed = (only: 'syft' | 'berth', found: string) =>
      allowed.some((difference) => difference.only === only && difference.package.test(found))
    const onlySyft = syft.filter((found) => !berth.includes(found))
    const onlyBerth = berth.filter((found) => !syft.includes(found))

    expect(catalogue.notCovered).toEqual([])
    expect(berth.length).toBeGreaterThanOrEqual(least[name] ?? 1)
    expect(onlySyft.filter((found) => !isAllowed('syft', found))).toEqual([])
    expect(onlyBerth.filter((found) => !isAllowed('berth', found))).toEqual([])
    // A difference that is gone must go from the table too.
    for (const difference of allowed) {
      const side = difference.only === 'syft' ? onlySyft : onlyBerth
      expect(side.some((found) => difference.package.test(found))).toBe(true)
    }
  })

  it('finds the same where a second layer removes and replaces packages', async () => {
    const manifest = (name: string, version: string) => JSON.stringify({ name, version })
    const base = await writeLayer([
      { name: 'etc/os-release', content: 'ID=debian\nVERSION_ID="12"\n' },
      ...['kept', 'gone', 'newer', 'hidden/node_modules/deep'].map((name) => ({
        name: `app/node_modules/${name}/package.json`,
        content: manifest(name.split('/').at(-1) ?? '', '1.0.0'),
      })),
    ])
    const upper = await writeLayer([
      { name: 'app/node_modules/.wh.gone' },
      { name: 'app/node_modules/newer/package.json', content: manifest('newer', '2.0.0') },
      { name: 'app/node_modules/hidden/.wh..wh..opq' },
      { name: 'app/node_modules/hidden/package.json', content: manifest('hidden', '3.0.0') },
    ])
    await writeFile(join(work, 'base.tar'), base)
    await writeFile(join(work, 'upper.tar'), upper)
    const image = await writeLayout(
      join(work, 'two-layers'),
      ['base.tar', 'upper.tar'].map((name) => ({ file: join(work, name), isPlain: true })),
    )
    const expected = ['npm hidden@3.0.0', 'npm kept@1.0.0', 'npm newer@2.0.0']
    expect(berthNames(await catalogueOf(image))).toEqual(expected)
    expect((await syftNames(image)).toSorted()).toEqual(expected)
  })
})

/** Skipped by name where syft is not installed, and a failure there when CI=true. */
function describeSyft(tests: () => void): void {
  const name = 'the catalogue beside syft'
  if (findTool('syft') !== undefined || process.env.CI === 'true') describe(name, tests)
  else describe.skip(`${name} (needs syft: bash test/tools/install-syft.sh)`, tests)
}
