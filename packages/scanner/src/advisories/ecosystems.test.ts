import { expect, test } from 'vitest'
import { packageNameOf, placeOfPackage } from './ecosystems.ts'
import { placeOfOsvEcosystem } from './osv-ecosystem.ts'

test.each<[string, string, string]>([
  ['Debian:11', 'debian', '11'],
  ['Debian', 'debian', ''],
  ['Alpine:v3.19', 'alpine', 'v3.19'],
  ['Ubuntu:22.04:LTS', 'ubuntu', '22.04'],
  ['Ubuntu:25.10', 'ubuntu', '25.10'],
  ['Ubuntu:Pro:18.04:LTS', 'ubuntu-pro', '18.04'],
  ['Rocky Linux:9', 'rocky', '9'],
  ['AlmaLinux:9', 'almalinux', '9'],
  ['Red Hat:enterprise_linux:9::baseos', 'rhel', '9'],
  ['Red Hat:enterprise_linux:8.4::appstream', 'rhel', '8'],
  ['openSUSE:Leap 15.5', 'opensuse-leap', '15.5'],
  ['openSUSE:Tumbleweed', 'opensuse-tumbleweed', ''],
  ['SUSE:Linux Enterprise Server 15 SP5', 'sles', '15.5'],
  ['SUSE:Linux Enterprise Module for Basesystem 15 SP5', 'sles', '15.5'],
  ['SUSE:Linux Enterprise Server 16.0', 'sles', '16.0'],
  ['Azure Linux:3', 'azurelinux', '3.0'],
  ['Azure Linux:2', 'mariner', '2.0'],
  ['Wolfi', 'wolfi', ''],
  ['Chainguard', 'chainguard', ''],
  ['npm', 'npm', ''],
  ['PyPI', 'pypi', ''],
  ['Go', 'golang', ''],
  ['crates.io', 'cargo', ''],
  ['Maven', 'maven', ''],
  ['Maven:https://repo.example.org/', 'maven', ''],
  ['RubyGems', 'gem', ''],
  ['Packagist', 'composer', ''],
  ['NuGet', 'nuget', ''],
])('OSV calls it %s: %s, release "%s"', (text, ecosystem, release) => {
  expect(placeOfOsvEcosystem(text)).toEqual({ ecosystem, release })
})

test.each([
  ['Bitnami'],
  ['Android'],
  ['constructor'],
  ['Red Hat:rhel_aus:8.4::appstream'],
  ['Red Hat:openshift:4.12::el8'],
  ['Ubuntu:Pro:FIPS-updates:20.04:LTS'],
  ['Ubuntu:Pro:22.04:LTS:Realtime:Kernel'],
  ['SUSE:Linux Enterprise Server 15 SP3-LTSS'],
  ['SUSE:Manager Server 4.3'],
  ['openSUSE:Backports SLE-15 SP4'],
])('OSV calls it %s: not matched', (text) => {
  expect(placeOfOsvEcosystem(text)).toBeUndefined()
})

test.each<[string, string, readonly string[], string, string, string, string | undefined]>([
  ['debian', '11', [], 'deb', '1', 'debian', '11'],
  ['raspbian', '11', ['debian'], 'deb', '1', 'debian', '11'],
  ['ubuntu', '18.04', ['debian'], 'deb', '1.2-3ubuntu1', 'ubuntu', '18.04'],
  ['ubuntu', '18.04', ['debian'], 'deb', '1.2-3ubuntu1+esm2', 'ubuntu-pro', '18.04'],
  ['centos', '7', ['rhel', 'fedora'], 'rpm', '1-1', 'rhel', '7'],
  ['ol', '9', ['fedora'], 'rpm', '1-1', 'oracle', '9'],
  ['amzn', '2023', ['fedora'], 'rpm', '1-1', 'amazon', '2023'],
  ['eurolinux', '9', ['rhel'], 'rpm', '1-1', 'rhel', '9'],
  ['alpine', 'v3.19', [], 'apk', '1-r0', 'alpine', 'v3.19'],
])(
  '%s %s %j: %s %s has advisories of %s',
  (id, release, idLike, kind, version, ecosystem, found) => {
    const target = { kind: kind as 'deb', version }
    expect(placeOfPackage(target, { id, release, idLike })).toEqual({ ecosystem, release: found })
  },
)

test.each<[string, readonly string[], string]>([
  ['kali', ['debian'], 'deb'],
  ['linuxmint', ['ubuntu', 'debian'], 'deb'],
  ['debian', [], 'rpm'],
  ['npm', [], 'deb'],
])('%s %j: %s packages have none', (id, idLike, kind) => {
  const target = { kind: kind as 'deb', version: '1' }
  expect(placeOfPackage(target, { id, release: '1', idLike })).toBeUndefined()
  expect(placeOfPackage(target, undefined)).toBeUndefined()
})

test('languages have the same place in every distribution', () => {
  const target = { kind: 'npm', version: '1' } as const
  expect(placeOfPackage(target, undefined)).toEqual({ ecosystem: 'npm', release: '' })
})

test.each([
  ['pypi', 'Foo.Bar__baz', 'foo-bar-baz'],
  ['nuget', 'Newtonsoft.Json', 'newtonsoft.json'],
  ['composer', 'Symfony/HTTP-kernel', 'symfony/http-kernel'],
  ['golang', 'github.com/Masterminds/semver', 'github.com/Masterminds/semver'],
  ['npm', '@Scope/Name', '@Scope/Name'],
  ['debian', 'libX', 'libX'],
])('%s: %s is kept as %s', (ecosystem, name, kept) => {
  expect(packageNameOf(ecosystem, name)).toBe(kept)
})
