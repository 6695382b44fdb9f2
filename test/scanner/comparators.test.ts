import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import {
  compareVersions,
  InvalidVersion,
  type VersionScheme,
} from '../../packages/scanner/src/versions/compare.ts'
import { findTool, toolsDirectory } from '../tools/process.ts'
import { type VersionPair, versionPairs } from './version-pairs.ts'
import { askLibdpkg, askMaven, askReference, type Verdict } from './version-references.ts'

const seed = 'comparators'
const mavenJar = join(toolsDirectory, 'java/maven-artifact-3.10.0.jar')
const composerSemver = '/usr/share/php/Composer/Semver/autoload.php'

describeReference('dpkg, its library', ['gcc', '/usr/include/dpkg/dpkg-db.h'], () => {
  it('agrees on 100,000 pairs', async () => {
    const pairs = versionPairs('deb', 100_000, seed)
    expectSame('deb', pairs, await askLibdpkg(pairs))
  })
})

describeReference('dpkg, the command', ['dpkg'], () => {
  it('agrees on 1,000 pairs', async () => {
    const pairs = versionPairs('deb', 1_000, `${seed} dpkg`)
    expectSame('deb', pairs, await askReference('dpkg', pairs))
  })
})

describeReference('rpm', ['rpm'], () => {
  it('agrees on 100,000 pairs', async () => {
    const pairs = versionPairs('rpm', 100_000, seed)
    expectSame('rpm', pairs, await askReference('rpm', pairs))
  })
})

describeReference('ComparableVersion of Maven', ['java', mavenJar], () => {
  it('agrees on 100,000 pairs', async () => {
    const pairs = versionPairs('maven', 100_000, seed)
    expectSame('maven', pairs, await askMaven(mavenJar, pairs))
  })
})

describeReference('packaging of Python', ['/usr/lib/python3/dist-packages/packaging'], () => {
  it('agrees on 100,000 pairs', async () => {
    const pairs = versionPairs('pep440', 100_000, seed)
    expectSame('pep440', pairs, await askReference('python', pairs))
  })
})

describeReference('RubyGems', ['ruby'], () => {
  it('agrees on 100,000 pairs', async () => {
    const pairs = versionPairs('gem', 100_000, seed)
    expectSame('gem', pairs, await askReference('ruby', pairs))
  })
})

describeReference('composer/semver', ['php', composerSemver], () => {
  it('agrees on 100,000 pairs', async () => {
    // PHP counts only up to 2^63.
    const pairs = versionPairs('composer', 100_000, seed).filter(
      (pair) => !pair.some((version) => /[1-9]\d{18}/.test(version)),
    )
    expect(pairs.length).toBeGreaterThan(99_000)
    expectSame('composer', pairs, await askReference('php', pairs))
  })
})

describeReference('golang.org/x/mod/semver', ['go'], () => {
  it('agrees on 100,000 pairs', async () => {
    const pairs = versionPairs('go', 100_000, seed)
    // The reference takes no version without its v; Berth does, since advisories write it so.
    const spelled = pairs.filter((pair) => pair.every((version) => version.startsWith('v')))
    expect(spelled.length).toBeGreaterThan(98_000)
    expectSame('go', spelled, await askReference('go', spelled))
  })
})

/**
 * A reference that is not on a machine is skipped by name, but where CI=true it is a failure: there, nobody would see the
 * skip. What begins with a slash is a file, anything else a program.
 */
function describeReference(name: string, needed: readonly string[], suite: () => void): void {
  const missing = needed.filter((each) =>
    each.startsWith('/') ? !existsSync(each) : findTool(each) === undefined,
  )
  if (missing.length === 0) {
    describe(name, suite)
  } else if (process.env.CI === 'true') {
    test(`${name} is installed`, () => {
      expect.fail(`not there: ${missing.join(', ')}; see test/tools/install-comparators.sh`)
    })
  } else {
    describe.skip(name, suite)
  }
}

function expectSame(
  scheme: VersionScheme,
  pairs: readonly VersionPair[],
  verdicts: readonly Verdict[],
): void {
  const differences = pairs.flatMap(([a, b], index) => {
    const ours = verdictOf(scheme, a, b)
    return ours === verdicts[index] ? [] : [{ a, b, ours, reference: verdicts[index] }]
  })
  expect(differences.slice(0, 20)).toEqual([])
  // Each answer occurs often, so that an order which is always or never the same would show.
  for (const verdict of [-1, 0, 1]) {
    const count = verdicts.filter((each) => each === verdict).length
    expect(count, `answers ${verdict}`).toBeGreaterThan(pairs.length / 100)
  }
}

function verdictOf(scheme: VersionScheme, a: string, b: string): Verdict {
  try {
    const difference = compareVersions(scheme, a, b)
    return difference < 0 ? -1 : difference > 0 ? 1 : 0
  } catch (error) {
    if (error instanceof InvalidVersion) return undefined
    throw error
  }
}
