import { describe, expect, it } from 'vitest'
import { ScanLimit, Unreadable } from '../../detector.ts'
import { gatherRpmPackages } from './gather.ts'
import { rpmHeaderOf } from './testing/sample.ts'

const gather = (...blobs: Buffer[]) => gatherRpmPackages(blobs, Number.POSITIVE_INFINITY)

describe('packages of rpm headers', () => {
  it('carry what advisories are found by', () => {
    expect(gather(rpmHeaderOf()).packages).toEqual([
      {
        kind: 'rpm',
        name: 'bash',
        version: '5.1.8-9.el9',
        purl: 'pkg:rpm/bash@5.1.8-9.el9?arch=x86_64&upstream=bash-5.1.8-9.el9.src.rpm',
        architecture: 'x86_64',
        licenses: ['GPLv3+'],
        maintainer: 'Rocky Enterprise Software Foundation',
      },
    ])
  })

  it('name the source package when it is another, with the epoch of the package', () => {
    const [found] =
      gather(
        rpmHeaderOf({ name: 'openssl-libs', epoch: 1, sourceRpm: 'openssl-3.0.7-24.el9.src.rpm' }),
      ).packages ?? []
    expect(found?.version).toBe('1:5.1.8-9.el9')
    expect(found?.source).toEqual({ name: 'openssl', version: '1:3.0.7-24.el9' })
    expect(found?.purl).toContain('epoch=1')
  })

  it.each([
    [
      'kernel-core',
      'kernel-5.14.0-362.el9.nosrc.rpm',
      { name: 'kernel', version: '5.14.0-362.el9' },
    ],
    ['bash', '(none)', undefined],
    ['bash', 'not a source package', undefined],
  ])('of %s from %s have the source %j', (name, sourceRpm, source) => {
    expect(gather(rpmHeaderOf({ name, sourceRpm })).packages?.[0]?.source).toEqual(source)
  })

  it('leave out imported keys', () => {
    expect(gather(rpmHeaderOf({ name: 'gpg-pubkey' }), rpmHeaderOf()).packages).toHaveLength(1)
  })

  it.each([
    ['Red Hat, Inc.', undefined],
    ['Fedora Project', undefined],
    ['SUSE LLC <https://www.suse.com/>', undefined],
    ['Amazon Linux', undefined],
    ['(none)', undefined],
    ['Docker', true],
    ['NVIDIA CORPORATION', true],
  ])('of the vendor %s: is of a third party %s', (vendor, isThirdParty) => {
    const { packages, owned } = gather(rpmHeaderOf({ vendor }))
    expect(packages?.[0]?.isThirdParty).toBe(isThirdParty)
    expect(owned).toEqual(isThirdParty ? [] : ['usr/bin/bash'])
  })

  it('keep the label of their module', () => {
    const modularity = 'nodejs:18:8080020230301:63b34585'
    expect(gather(rpmHeaderOf({ modularity })).packages?.[0]?.modularity).toBe(modularity)
  })

  it('own files by directory', () => {
    const files = [
      ['/usr/lib/python3.9/site-packages/six-1.16.0.dist-info/', 'METADATA'],
      ['/usr/bin/', 'six'],
      ['/usr/lib/python3.9/site-packages/six-1.16.0.dist-info/', 'RECORD'],
    ] as const
    expect(gather(rpmHeaderOf({ files })).owned).toEqual([
      'usr/lib/python3.9/site-packages/six-1.16.0.dist-info/METADATA',
      'usr/bin/six',
      'usr/lib/python3.9/site-packages/six-1.16.0.dist-info/RECORD',
    ])
  })

  it('are kept when one header among them is broken, and that is said', () => {
    const detected = gather(rpmHeaderOf(), Buffer.alloc(30), rpmHeaderOf({ name: 'sed' }))
    expect(detected.packages?.map(({ name }) => name)).toEqual(['bash', 'sed'])
    expect(detected.notCovered).toMatch(/^1 package headers could not be read/)
  })

  it('are kept when the database breaks off', () => {
    const blobs = function* () {
      yield rpmHeaderOf()
      throw new Unreadable('page 7 is broken')
    }
    const detected = gatherRpmPackages(blobs(), 10_000)
    expect(detected.packages).toHaveLength(1)
    expect(detected.notCovered).toBe('page 7 is broken')
  })

  it('are refused when no header can be read', () => {
    expect(() => gather(Buffer.alloc(30))).toThrow(Unreadable)
  })

  it('are refused beyond the limits', () => {
    const long = rpmHeaderOf({ files: [[`/${'a'.repeat(5_000)}/`, 'b']] })
    expect(() => gather(long)).toThrow(ScanLimit)
    const blob = rpmHeaderOf()
    const endless = function* () {
      for (;;) yield blob
    }
    expect(gatherRpmPackages(endless(), 10 * blob.length).notCovered).toMatch(/overlap/)
  })
})
