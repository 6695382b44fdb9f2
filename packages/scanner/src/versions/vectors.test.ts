import { describe, expect, test } from 'vitest'
import { compareVersions, InvalidVersion, schemeOf, type VersionScheme } from './compare.ts'

type Vectors = {
  /** Where the facts are published. */
  readonly source: string
  /** Each line oldest first; every version stands to every later one of its line. */
  readonly ascending: readonly string[]
  /** Neither of a line is newer. */
  readonly same: readonly string[]
  readonly invalid: readonly string[]
}

const vectors: Readonly<Record<Exclude<VersionScheme, 'apk'>, Vectors>> = {
  deb: {
    source: 'Debian Policy 5.6.12, and lib/dpkg/t/t-version.c of dpkg',
    ascending: [
      '~~ ~~a ~ 0 a',
      '1.0~beta1~svn1245 1.0~beta1 1.0',
      '0:1-1 0:1-2 1:0-1 2:0~',
      '1.0-1 1.0a 1.0+',
      '1.1.1n-0+deb11u3 1.1.1n-0+deb11u4 1.1.1w-0+deb11u1 3.0.11-1~deb12u2 3.0.13-1~deb12u1 3.0.13-1',
      '9.9.9 9.10.1 10.0',
      '0:0-0-0 0:0-0-1',
    ],
    same: ['1 1-0 0:1 1-00', '01.1 1.1', '1.0-0 1.0', '1.00 1.0'],
    invalid: ['', ' ', '1 2', ':1', '1:', 'a:1', '1-', '-1', '1:-1', '99999999999:1', '-1:1', 'é'],
  },
  rpm: {
    source: 'tests/rpmvercmp.at of rpm',
    ascending: [
      '1.0 2.0',
      '2.0 2.0.1 2.0.1a',
      '5.5p1 5.5p2 5.5p10 5.6p1 6.5p1',
      '10xyz 10.1xyz',
      'xyz10 xyz10.1',
      'xyz.4 2 8',
      '6.0 6.0.rc1',
      '10a1 10a2 10b2',
      '1.0a 1.0aa',
      '10.0001 10.0039',
      '4.999.9 5.0',
      '20101121 20101122',
      '1.0~rc1~git123 1.0~rc1 1.0~rc2 1.0',
      '1.0 1.0^ 1.0^git1 1.0^git2 1.01',
      '1.0^20160101 1.0.1',
      '1.0^20160101^git1 1.0^20160102',
      '1.0~rc1 1.0~rc1^git1 1.0',
      '1.0^git1~pre 1.0^git1',
      '1-1 1-1.el9 1-2 1:0-1',
      '1 1-1',
    ],
    same: ['10.0001 10.1', '2.0 2_0', 'a+ a_', '+a _a', '+_ _+', '+ _', '1-1 0:1-1 :1-1'],
    invalid: ['', '1 2', 'ä'],
  },
  maven: {
    source: 'ComparableVersionTest of Maven 3.9',
    ascending: [
      '1-alpha2snapshot 1-alpha2 1-alpha-123 1-beta-2 1-beta123 1-m2 1-m11 1-rc 1-cr2 1-rc123 1-SNAPSHOT 1 1-sp 1-sp2 1-sp123 1-abc 1-def 1-pom-1 1-1-snapshot 1-1 1-2 1-123',
      '2.0 2.0.a 2-1 2.0.2 2.0.123 2.1.0 2.1-a 2.1b 2.1-c 2.1-1 2.1.0.1 2.2 2.123 11.a2 11.a11 11.b2 11.b11 11.m2 11.m11 11 11.a 11b 11c 11m',
      '1 1.1 1.2.0 1.5 2 2.5',
      '1.0-alpha-1-SNAPSHOT 1.0-alpha-1 1.0-alpha-2 1.0-beta-1 1.0-SNAPSHOT 1.0 1.0-1 1.0-2',
      '2.0-1 2.0.1 2.0.1-klm 2.0.1-lmn 2.0.1-xyz 2.0.1-123',
      '6.1.0rc3 6.1.0 6.1H.5-beta',
      '20190126.230843 1234567890.12345 123456789012345.1H.5-beta 12345678901234567890.1H.5-beta',
      '1-0.alpha 1-0.beta 1',
      '1.0.0.RC1 1.0.0-RC2',
      '1.0.0.x1 1.0.0-x2',
      'c 7',
    ],
    same: [
      '1 1.0 1.0.0 1-0 1.0-0 1ga 1final 1FINAL 1release 01',
      '1a 1-a 1.0-a 1.0.0-a 1.0a 1.0.0a 1A',
      '1x 1-x 1.0-x 1.0.0-x 1.0x',
      '1cr 1rc 1Cr',
      '1a1 1-alpha-1',
      '1m3 1-milestone-3 1MILESTONE3',
      '2-x 2.0.x 2.0.0.x',
      '0000000000000000001 1',
    ],
    invalid: ['', '1'.repeat(257), 'ü'],
  },
  pep440: {
    source: 'https://packaging.python.org/en/latest/specifications/version-specifiers/',
    ascending: [
      '1.dev0 1.0.dev456 1.0a1 1.0a2.dev456 1.0a12.dev456 1.0a12 1.0b1.dev456 1.0b2 1.0b2.post345.dev456 1.0b2.post345 1.0rc1.dev456 1.0rc1 1.0 1.0+abc.5 1.0+abc.7 1.0+5 1.0.post456.dev34 1.0.post456 1.0.15 1.1.dev1',
      '0.9 0.9.1 0.9.10 0.10 1.0 1.0.3 1.1 2013.10 2014.04 1!1.0 1!2.0',
      '1.0+0b1 1.0+1e5 1.0+20240101123456789012 1.0+20240101123456789013',
    ],
    same: [
      '1.1 1.1.0 v1.1 1.1.0.0 01.1',
      '1.1a1 1.1.a1 1.1alpha1 1.1_ALPHA_1 1.1-a-1',
      '1.1rc1 1.1c1 1.1pre1 1.1-preview-1',
      '1.2.post2 1.2-2 1.2.r2 1.2rev2 1.2post-2',
      '1.2.post 1.2.post0',
      '1.0+ubuntu-1 1.0+ubuntu.1 1.0+UBUNTU_1',
    ],
    invalid: [
      '',
      'french toast',
      '1.0-',
      '1.0+',
      '1.0+a+',
      '1..0',
      '1.0.dev1.post1',
      '1.0-a.b',
      '*',
    ],
  },
  npm: {
    source: 'https://semver.org item 11, and test/fixtures/comparisons.js of node-semver',
    ascending: [
      '1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0',
      '0.0.0-foo 0.0.0 0.0.1 0.9.0 0.10.0 0.99.0 1.2.2 1.2.3-4 1.2.3-5 1.2.3-4-foo 1.2.3-5-Foo 1.2.3-5-foo 1.2.3 1.10.0 2.0.0',
      '1.2.3-a.5 1.2.3-a.10 1.2.3-a.b 1.2.3-a.b.c.5.d.100 1.2.3-r100 1.2.3-r2',
      '1.2.3beta 1.2.3',
    ],
    same: ['1.2.3 v1.2.3 =1.2.3 1.2.3+build.5', '1.2.0 1.2', '1.0.0 1'],
    invalid: ['', 'a', '1.2.3.4', '1.x', 'latest', '99999999999999999.0.0', '>=1.0.0'],
  },
  go: {
    source:
      'semver_test.go of golang.org/x/mod, https://go.dev/ref/mod and https://go.dev/doc/toolchain',
    ascending: [
      'v1.0.0-alpha v1.0.0-alpha.1 v1.0.0-alpha.beta v1.0.0-beta v1.0.0-beta.2 v1.0.0-beta.11 v1.0.0-rc.1 v1.0.0 v1.2.0',
      'v1.2.3-456 v1.2.3-456.789 v1.2.3-456-789 v1.2.3-456a v1.2.3-pre v1.2.3-pre.1 v1.2.3-zzz v1.2.3',
      'v1.2 v1.19',
      'v0.0.0-20190101000000-abcdefabcdef v0.0.0-20200101000000-abcdefabcdef v0.1.0',
      'v1.2.2 v1.2.3-0.20200101000000-abcdefabcdef v1.2.3-alpha v1.2.3',
      'v1.9.9 v2.0.0+incompatible v2.0.1+incompatible',
      '1.21.0-0 go1.21rc2 1.21.0-rc.3 go1.21.0 go1.21.4 go1.22beta1 go1.22rc1 go1.22.0',
      'go1.9.7 go1.10 go1.20.12',
    ],
    same: [
      'v1 v1.0 v1.0.0 1.0.0 1 v1.0.0+incompatible',
      'go1.22rc1 1.22.0-rc.1',
      'go1.20 1.20.0',
      'go1.22.1 1.22.1',
      'go1.21.3-bigcorp go1.21.3',
    ],
    invalid: [
      '',
      '(devel)',
      'v1-pre',
      'v1.2+meta',
      'v1.02.3',
      'v1.2.3-01',
      'vv1.0.0',
      'devel go1.23-abc',
      'go',
      '1.22rc1x',
      'V1.0.0',
    ],
  },
  gem: {
    source: 'test/rubygems/test_gem_version.rb of RubyGems',
    ascending: [
      '1.0.0-alpha 1.0.0-alpha.1 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0',
      '1.8.2.a 1.8.2.a9 1.8.2.a10 1.8.2.b 1.8.2',
      '1.0.a 1.0',
      '5.a 5.0.0.rc2 5.x 5',
      '0.0.1.20220404083012 1.0.0',
      '0.6.63000 0.7.0',
      '1.B 1.a',
      '0.0.beta 0.0.beta.1',
      '1.0.0-1 1',
    ],
    same: ['1.0 1.0.0 1', '0.beta.1 0.0.beta.1', '1.2.b1 1.2.b.1', '1.2.pre.1 1.2.0.pre.1.0'],
    invalid: [
      'junk',
      '1..2',
      '1.2.3.',
      '1.2 3.4',
      '2.3422222.222.222222222.22222.ads0as.dasd0.ddd2222.2.qd3e.',
    ],
  },
  nuget: {
    source: 'VersionComparerTests and SemVer201SpecTests of NuGet.Versioning',
    ascending: [
      '0.0.0 1.0.0 1.0.1 1.1.0',
      '1.999.9999 2.1.1',
      '1.0.0-BETA 1.0.0-beta.1+AA 1.0.0-beta2 1.0.0',
      '1.0.0-BETA.X.y.5.77.0+AA 1.0.0-beta.x.y.5.79.0+aa 1.0.0-beta.x.y.5.790.0+abc',
      '1.2.3-alpha 1.2.3 1.2.4 9.9.9 10.1.1',
      '1.2.3-1.9 1.2.3-1.50 1.2.3-2 1.2.3-3',
      '1.2.3-1.50A 1.2.3-1.9A 1.2.3-2A 1.2.3-3A',
      '1.2.3-999999 1.2.3-Z',
      '1.2.3-A.999999 1.2.3-A.56-2',
      '1.2.3-a 1.2.3-a.2 1.2.3-a.2.3.4 1.2.3-a.2.3.4.5',
      '1.0.0 1.0.0.1 1.0.0.2 1.0.1',
    ],
    same: ['1.0.0-BETA+AA 1.0.0-beta+aa', '1 1.0 1.0.0 1.0.0.0 01.0', '1.2.3-A-b2-C 1.2.3-a-B2-c'],
    invalid: [
      '',
      'X.2.3',
      '1.2.Z',
      '-1.2.3',
      '1.-2.3',
      '1.2.3.4.5',
      '0.1.2-Alpha..2',
      '0.1.2-',
      '0.1.2-.AA',
      '0.1.2-a&444',
      '0.1.2+',
      '0.1.2+2+A',
      '2147483648',
    ],
  },
  composer: {
    source: 'ComparatorTest and VersionParserTest of composer/semver',
    ascending: [
      '1.24.0 1.25.0 1.26.0',
      '1.0.0 1.2-dev 1.2-alpha 1.2-beta2.1 1.2-b.3 1.2-RC1-dev 1.2-rc1 1.2 1.2-pl1 1.2-patch2 1.2.1 1.2.x-dev 1.3',
      '1.25.0-b-2.1 1.25.0-rc',
      '1.2.99999 1.x-dev 2.0.0',
      '20100102-203040 20100102-203041',
    ],
    same: [
      '1.25.0-beta2.1 1.25.0-b.2.1 1.25.0beta2.1',
      '1 1.0 1.0.0 v1.0.0.0 1.0.0-stable 1.0.0+foo 1.0.0@beta',
      '1.0.0-rC15-dev 1.0.0.RC.15-dev 1.0.0RC15dev',
      '10.4.13-b5 10.4.13.0-beta5',
    ],
    invalid: [
      '',
      'a',
      '1.0.0-meh',
      '1.0.0.0.0',
      'feature-foo',
      'dev-master',
      'dev-feature/foo',
      'DEV-FOO',
      '1.0.0+foo bar',
    ],
  },
  cargo: {
    source: 'https://semver.org item 11, and tests/test_version.rs of the crate semver',
    ascending: [
      '1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0',
      '0.0.0 1.2.3-alpha1 1.2.3-alpha2 1.2.3 1.2.4 1.3.0 18446744073709551615.0.0',
    ],
    same: ['1.2.3 1.2.3+build.1', '1.2.3-a.1+x 1.2.3-a.1'],
    invalid: [
      '',
      '1',
      '1.2',
      '1.2.3-',
      '1.2.3+',
      'a.b.c',
      'v1.2.3',
      '01.2.3',
      '1.2.3-01',
      '1.2.3 abc',
      '1.2.3.4',
    ],
  },
}

describe.each(Object.entries(vectors))('%s', (name, { source, ascending, same, invalid }) => {
  const scheme = name as VersionScheme
  const sign = (a: string, b: string): number => Math.sign(compareVersions(scheme, a, b))

  test.each(ascending)(`ascending, by ${source}: %s`, (line) => {
    const versions = line.split(' ')
    for (const [index, older] of versions.entries()) {
      for (const newer of versions.slice(index + 1)) {
        expect(sign(older, newer), `${older} < ${newer}`).toBe(-1)
        expect(sign(newer, older), `${newer} > ${older}`).toBe(1)
      }
    }
  })

  test.each(same)(`the same, by ${source}: %s`, (line) => {
    const versions = line.split(' ')
    for (const a of versions) {
      for (const b of versions) expect(sign(a, b), `${a} = ${b}`).toBe(0)
    }
  })

  test.each(invalid)('%j is no version', (version) => {
    expect(() => compareVersions(scheme, version, '1.0.0')).toThrow(InvalidVersion)
    expect(() => compareVersions(scheme, '1.0.0', version)).toThrow(InvalidVersion)
  })
})

test('an empty version of a gem is 0, as RubyGems has it', () => {
  expect(compareVersions('gem', '', '0')).toBe(0)
})

test('an unreadable version is named with its scheme, and shortened', () => {
  expect(() => compareVersions('deb', '1.0', 'x '.repeat(200))).toThrow(
    /^not a version of the scheme deb: "x .{98}"$/,
  )
})

test('each kind of package has its own order', () => {
  expect(schemeOf('pypi')).toBe('pep440')
  expect(schemeOf('golang')).toBe('go')
  expect(compareVersions(schemeOf('deb'), '1.0~rc1', '1.0')).toBeLessThan(0)
})
