import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import type { Detector } from '../../packages/scanner/src/detector.ts'
import { python } from '../../packages/scanner/src/detectors/python.ts'
import { ruby } from '../../packages/scanner/src/detectors/ruby.ts'
import { catalogueDirectory } from '../../packages/scanner/src/layers/directory.ts'
import { findTool, mustRun, requireTool, toolsDirectory } from '../tools/process.ts'

const pip = join(toolsDirectory, 'python/bin/pip')

/** The package managers themselves say what is installed. */
describeTool('RubyGems', findTool('gem') !== undefined, 'test/tools/install-comparators.sh', () => {
  it('lists the gems that are found', async () => {
    const gem = requireTool('gem')
    const paths = (await mustRun(gem, ['environment', 'gempath'])).trim().split(':')
    const found = await Promise.all(paths.filter(existsSync).map((path) => namesIn(path, ruby)))
    const listed = (await mustRun(gem, ['list', '--local', '--quiet'])).trim().split('\n')
    expect(listed.length).toBeGreaterThan(20)
    const expected = listed.flatMap((line) => {
      const [, name, versions] = /^(\S+) \((.*)\)$/.exec(line) ?? []
      return (versions ?? '')
        .split(', ')
        .map((version) => `${name} ${version.replace('default: ', '').split(' ')[0]}`)
    })
    expect([...new Set(found.flat())].sort()).toEqual(expected.sort())
  })
})

describeTool('pip', existsSync(pip), 'test/tools/install.sh', () => {
  it('lists the distributions that are found', async () => {
    const listed = JSON.parse(await mustRun(pip, ['list', '--format', 'json'])) as {
      name: string
      version: string
    }[]
    expect(listed.length).toBeGreaterThan(5)
    const found = await namesIn(join(toolsDirectory, 'python/lib'), python)
    expect(found.sort()).toEqual(
      listed
        .map(({ name, version }) => `${name.replace(/[-_.]+/g, '-').toLowerCase()} ${version}`)
        .sort(),
    )
  })
})

async function namesIn(folder: string, detector: Detector): Promise<string[]> {
  const { packages } = await catalogueDirectory(folder, { detectors: [detector] })
  return packages.map(({ name, version }) => `${name} ${version}`)
}

/** Skips by name where the tool is missing; a failure where CI=true, since nobody would see the skip there. */
function describeTool(name: string, isThere: boolean, install: string, tests: () => void): void {
  if (isThere) {
    describe(name, tests)
  } else if (process.env['CI'] === 'true') {
    test(`${name} is installed`, () => {
      expect.fail(`${name} is not there: it comes with ${install}`)
    })
  } else {
    describe.skip(`${name} (not installed)`, tests)
  }
}
