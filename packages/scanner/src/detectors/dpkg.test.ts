import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Detector } from '../detector.ts'
import { dpkgCopyright } from './dpkg-copyright.ts'
import { dpkgFiles } from './dpkg-files.ts'
import { dpkg } from './dpkg.ts'
import { detectBytes } from './testing/scanned-file.ts'

const detect = (detector: Detector, path: string, text: string) =>
  detectBytes(detector, path, Buffer.from(text))

describe('dpkg', () => {
  it('reads packages with their sources, and leaves out what was removed', async () => {
    const { packages } = await detect(
      dpkg,
      'var/lib/dpkg/status',
      `Package: libc6
Status: install ok installed
Architecture: amd64
Multi-Arch: same
Source: glibc
Version: 2.36-9+deb12u4
Maintainer: GNU Libc Maintainers <debian-glibc@lists.debian.org>
Description: GNU C Library
 Contains
 .
 Version: 9 of the standard libraries

Package: libgcc-s1
Status: hold ok installed
Version: 12.2.0-14
Source: gcc-12 (12.2.0-13)
Architecture: amd64

Package: gone
Status: deinstall ok config-files
Version: 1

Package: docker-ce
Status: install ok unpacked
Version: 5:24.0.7-1~debian.12~bookworm
Maintainer: Docker <support@docker.com>
`,
    )
    expect(packages).toEqual([
      {
        kind: 'deb',
        name: 'libc6',
        version: '2.36-9+deb12u4',
        purl: 'pkg:deb/libc6@2.36-9+deb12u4?arch=amd64&upstream=glibc',
        source: { name: 'glibc', version: '2.36-9+deb12u4' },
        architecture: 'amd64',
        licenses: [],
        maintainer: 'GNU Libc Maintainers <debian-glibc@lists.debian.org>',
      },
      {
        kind: 'deb',
        name: 'libgcc-s1',
        version: '12.2.0-14',
        purl: 'pkg:deb/libgcc-s1@12.2.0-14?arch=amd64&upstream=gcc-12%4012.2.0-13',
        source: { name: 'gcc-12', version: '12.2.0-13' },
        architecture: 'amd64',
        licenses: [],
      },
      expect.objectContaining({ name: 'docker-ce', isThirdParty: true }),
    ])
  })

  it.runIf(existsSync('/var/lib/dpkg/status'))(
    'reads this machine as dpkg-query does',
    async () => {
      const status = readFileSync('/var/lib/dpkg/status')
      const { packages = [] } = await detectBytes(dpkg, 'var/lib/dpkg/status', status)
      const format =
        '${db:Status-Status}|${Package}|${Version}|${Architecture}|${source:Package}|${source:Version}\n'
      const listed = execFileSync('dpkg-query', ['-W', '-f', format], { encoding: 'utf8' })
      const expected = listed
        .split('\n')
        .filter((line) => line !== '' && !/^(?:config-files|not-installed)\|/.test(line))
        .map((line) => line.slice(line.indexOf('|') + 1))
      const found = packages.map(({ name, version, architecture, source }) =>
        [name, version, architecture, source?.name ?? name, source?.version ?? version].join('|'),
      )
      expect(found.toSorted()).toEqual(expected.toSorted())
    },
  )

  it('reads distroless images, whose stanzas have no status', async () => {
    expect(dpkg.wants({ path: 'var/lib/dpkg/status.d/base', isExecutable: false, size: 1 })).toBe(
      true,
    )
    expect(
      dpkg.wants({ path: 'var/lib/dpkg/status.d/base.md5sums', isExecutable: false, size: 1 }),
    ).toBe(false)
    const { packages } = await detect(
      dpkg,
      'var/lib/dpkg/status.d/base',
      'Package: base-files\nVersion: 12\n',
    )
    expect(packages?.map(({ name }) => name)).toEqual(['base-files'])
  })

  it('returns on any text', async () => {
    const line = fc.oneof(
      fc.constantFrom('Package: a', 'Version: 1', '', ' x', 'Source: (', ':'),
      fc.string(),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(line), async (lines) => {
        await detect(dpkg, 'var/lib/dpkg/status', lines.join('\n'))
      }),
    )
  })

  it('knows the files of packages', async () => {
    const list = await detect(dpkgFiles, 'var/lib/dpkg/info/a.list', '/.\n/usr\n/usr/bin/a\n')
    expect(list.owned).toEqual(['usr', 'usr/bin/a'])
    const sums = `${'0'.repeat(32)}  usr/bin/a\n${'1'.repeat(32)}  ./usr/bin/b\n`
    const distroless = await detect(dpkgFiles, 'var/lib/dpkg/status.d/a.md5sums', sums)
    expect(distroless.owned).toEqual(['usr/bin/a', 'usr/bin/b'])
  })

  it('takes licences from copyright files, of the machine-readable format or not', async () => {
    const path = 'usr/share/doc/zlib1g/copyright'
    const dep5 = await detect(
      dpkgCopyright,
      path,
      'Files: *\nLicense: Zlib\n\nFiles: a\nLicense: GPL-2+ or MIT\n text\n',
    )
    expect(dep5.licenses).toEqual({ package: 'zlib1g', licenses: ['GPL-2+', 'MIT', 'Zlib'] })
    const free = await detect(dpkgCopyright, path, 'see /usr/share/common-licenses/GPL-3.\n')
    expect(free.licenses).toEqual({ package: 'zlib1g', licenses: ['GPL-3'] })
    expect(await detect(dpkgCopyright, path, 'Do what you like.')).toEqual({})
  })
})
