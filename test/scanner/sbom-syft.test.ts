import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import type { Catalogue } from '../../packages/scanner/src/catalogue.ts'
import type { ScanReport } from '../../packages/scanner/src/finding.ts'
import { writeCycloneDx } from '../../packages/scanner/src/reports/cyclonedx.ts'
import { writeSpdx } from '../../packages/scanner/src/reports/spdx.ts'
import { readSbom } from '../../packages/scanner/src/sbom/read-sbom.ts'
import { findTool, mustRun, requireTool, toolsDirectory } from '../tools/process.ts'

type SyftPackage = { readonly name: string; readonly version: string; readonly type: string }

/** syft's words for the kinds of packages that are compared here. */
const kinds: Readonly<Record<string, string>> = { deb: 'deb', npm: 'npm', python: 'pypi' }
const offline = { SYFT_CHECK_FOR_APP_UPDATE: 'false' }

/** What syft writes is read, and what Berth writes syft reads, with the same packages. */
describeSyft(() => {
  let folder: string
  let packages: string[]
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'berth-sbom-syft-'))
    const root = join(folder, 'root')
    for (const path of ['/etc/os-release', '/var/lib/dpkg/status']) {
      mkdirSync(join(root, path, '..'), { recursive: true })
      copyFileSync(path, join(root, path))
    }
    for (const name of ['yaml', '@types/semver', 'ajv']) {
      const path = join('node_modules', name, 'package.json')
      mkdirSync(join(root, 'app', path, '..'), { recursive: true })
      copyFileSync(join(toolsDirectory, '..', path), join(root, 'app', path))
    }
    const metadata = join(root, 'usr/lib/python3/dist-packages/Zope.Interface-5.0.dist-info')
    mkdirSync(metadata, { recursive: true })
    writeFileSync(
      join(metadata, 'METADATA'),
      'Name: zope.interface\nVersion: 5.0\nLicense: ZPL 2.1\n\n',
    )
    writeFileSync(join(metadata, 'RECORD'), '')
    const outputs = ['json', 'cyclonedx-json', 'spdx-json'].flatMap((form) => [
      '-o',
      `${form}=${join(folder, form)}`,
    ])
    await mustRun(requireTool('syft'), ['scan', `dir:${root}`, '-q', ...outputs], { env: offline })
    packages = syftPackages(readFileSync(join(folder, 'json'), 'utf8'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it.each(['cyclonedx-json', 'spdx-json'])('its %s is read whole', (form) => {
    const catalogue = readSbom(readFileSync(join(folder, form)))
    expect(packages.length).toBeGreaterThan(50)
    expect(namesOf(catalogue)).toEqual(packages)
    expect(catalogue.distribution?.id).toBe('debian')
  })

  it.each([
    ['CycloneDX', writeCycloneDx],
    ['SPDX', writeSpdx],
  ])('it reads our %s whole', async (_, write) => {
    const catalogue = readSbom(readFileSync(join(folder, 'cyclonedx-json')))
    const file = join(folder, 'ours.json')
    writeFileSync(file, write(reportOf(catalogue)))
    const converted = await mustRun(requireTool('syft'), ['convert', file, '-q', '-o', 'json'], {
      env: offline,
    })
    expect(syftPackages(converted)).toEqual(packages)
  })
})

function syftPackages(text: string): string[] {
  const { artifacts } = JSON.parse(text) as { artifacts: readonly SyftPackage[] }
  return artifacts
    .flatMap(({ name, version, type }) => {
      const kind = kinds[type]
      // syft keeps the spelling of the project.
      return kind === undefined
        ? []
        : [
            `${kind} ${kind === 'pypi' ? name.replace(/[-_.]+/g, '-').toLowerCase() : name} ${version}`,
          ]
    })
    .sort()
}

function namesOf(catalogue: Catalogue): string[] {
  return catalogue.packages.map(({ kind, name, version }) => `${kind} ${name} ${version}`).sort()
}

function reportOf(catalogue: Catalogue): ScanReport {
  return {
    artifact: { name: 'berth.example/team/app:1', digest: `sha256:${'a'.repeat(64)}` },
    scanner: { name: 'Berth', version: '0.1.0' },
    scannedAt: '2026-11-27T10:11:12Z',
    data: { revision: 0, builtAt: null, sources: [] },
    catalogue,
    findings: [],
    suppressed: [],
  }
}

/** Skips by name where syft is missing; a failure where CI=true, since nobody would see the skip there. */
function describeSyft(tests: () => void): void {
  if (findTool('syft') !== undefined) {
    describe('syft', tests)
  } else if (process.env['CI'] === 'true') {
    test('syft is installed', () => {
      expect.fail('syft is not there; see test/tools/install-syft.sh')
    })
  } else {
    describe.skip('syft (not installed)', tests)
  }
}
