import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ScanLimit, Unreadable } from '../detector.ts'
import { inlineBuildInfo, pointerBuildInfo } from './executable/testing/build-info.ts'
import { loadAddress, writeElf } from './executable/testing/write-elf.ts'
import { writeFat, writeMachO } from './executable/testing/write-macho.ts'
import { writePe } from './executable/testing/write-pe.ts'
import { executable } from './executable.ts'
import { answersOrRefuses, mutationsOf } from './testing/mutations.ts'
import { detectBytes } from './testing/scanned-file.ts'

const path = 'usr/local/bin/server'
const modules = [
  'path\texample.com/server/cmd/server',
  'mod\texample.com/server\tv1.4.0\th1:abc=',
  'dep\tgithub.com/gorilla/mux\tv1.8.0\th1:def=',
  'dep\tgolang.org/x/net\tv0.7.0',
  '=>\texample.com/fork/net\tv0.7.1\th1:ghi=',
  'build\tCGO_ENABLED=0',
  '',
].join('\n')
const info = inlineBuildInfo('go1.22.1', modules)
const goElf = (bytes: Buffer) => writeElf([{ name: '.go.buildinfo', bytes }])
const rustElf = (bytes: Buffer) => writeElf([{ name: '.dep-v0', bytes }])
const detect = (bytes: Buffer) => detectBytes(executable, path, bytes)

async function namesIn(bytes: Buffer): Promise<string[] | undefined> {
  return (await detect(bytes)).packages?.map(({ name, version }) => `${name}@${version}`)
}

const goNames = [
  'stdlib@1.22.1',
  'example.com/server@v1.4.0',
  'github.com/gorilla/mux@v1.8.0',
  'example.com/fork/net@v0.7.1',
]

describe('a program', () => {
  it.each([
    ['usr/bin/server', true, true],
    ['usr/bin/server', false, false],
    ['app/server.exe', false, true],
  ])('%s, executable: %s, is wanted: %s', (name, isExecutable, isWanted) => {
    expect(executable.wants({ path: name, isExecutable, size: 100 })).toBe(isWanted)
  })

  it.each([
    ['a script', Buffer.from('#!/bin/sh\necho this is no program at all\n'), false],
    ['a class of Java', Buffer.from(`cafebabe00000034${'00'.repeat(40)}`, 'hex'), false],
    ['nothing', Buffer.alloc(0), false],
    ['an ELF file', goElf(info), true],
  ])('that begins as %s is looked into: %s', (_, head, isWanted) => {
    expect(executable.wantsHead?.(head)).toBe(isWanted)
  })

  it('packed by UPX is said not to be covered', async () => {
    const bytes = goElf(info)
    bytes.write('UPX!', 124)
    expect((await detect(bytes)).notCovered).toMatch(/UPX/)
  })

  it('of another language holds nothing', async () => {
    expect(await detect(writeElf([{ name: '.text', bytes: Buffer.alloc(100) }]))).toEqual({})
  })
})

describe('a Go program', () => {
  it.each([
    ['ELF', goElf(info)],
    ['ELF without sections', writeElf([{ name: 'x', bytes: info }], { hasSections: false })],
    ['ELF, big endian', writeElf([{ name: '.go.buildinfo', bytes: info }], { isBigEndian: true })],
    ['PE', writePe('.data', info)],
    ['Mach-O', writeMachO('__go_buildinfo', info)],
    ['Mach-O without its section', writeMachO('__data', info)],
    ['fat Mach-O', writeFat(writeMachO('__go_buildinfo', info))],
    ['ELF with pointers', goElf(pointerBuildInfo('go1.22.1', modules, loadAddress + 128))],
    [
      'ELF with pointers, big endian',
      writeElf(
        [
          {
            name: '.go.buildinfo',
            bytes: pointerBuildInfo('go1.22.1', modules, loadAddress + 128, true),
          },
        ],
        { isBigEndian: true },
      ),
    ],
    ['PE with pointers', writePe('.data', pointerBuildInfo('go1.22.1', modules, 0x140001000))],
    [
      'Mach-O with pointers',
      writeMachO('__data', pointerBuildInfo('go1.22.1', modules, 0x100000000)),
    ],
  ])('of %s lists its modules', async (_, bytes) => {
    expect(await namesIn(bytes)).toEqual(goNames)
  })

  it('gives package URLs with the path as namespace', async () => {
    const { packages } = await detect(goElf(info))
    expect(packages?.map(({ purl }) => purl)).toEqual([
      'pkg:golang/stdlib@1.22.1',
      'pkg:golang/example.com/server@v1.4.0',
      'pkg:golang/github.com/gorilla/mux@v1.8.0',
      'pkg:golang/example.com/fork/net@v0.7.1',
    ])
  })

  it.each([
    ['go1.22.1', '1.22.1'],
    ['go1.20', '1.20.0'],
    ['go1.21rc2', '1.21.0-rc.2'],
    ['go1.22.1 X:boringcrypto', '1.22.1'],
    ['go1.20.12 (Red Hat 1.20.12-8.el9_3)', '1.20.12'],
    ['go1.21.3-1', '1.21.3'],
    ['devel go1.23-6e4bab6 Thu Jan 11', undefined],
    ['go1.22.1garbled', undefined],
  ])('of %s has the standard library %s', async (goVersion, version) => {
    const { packages, notCovered } = await detect(goElf(inlineBuildInfo(goVersion, modules)))
    expect(packages?.find(({ name }) => name === 'stdlib')?.version).toBe(version)
    if (version === undefined) expect(notCovered).toMatch(/is no release/)
  })

  it('says of which modules no version is recorded', async () => {
    const list = [
      'path\texample.com/server',
      'mod\texample.com/server\t(devel)\t',
      'dep\tk8s.io/api\tv0.0.0',
      '=>\t./staging/api\t(devel)\t',
      'dep\tgolang.org/x/net\tv0.7.0\th1:x=',
      '',
    ].join('\n')
    const { packages, notCovered } = await detect(goElf(inlineBuildInfo('go1.22.1', list)))
    expect(packages?.map(({ name }) => name)).toEqual(['stdlib', 'golang.org/x/net'])
    expect(notCovered).toMatch(/no version is recorded of example.com\/server, k8s.io\/api$/)
  })

  it('that was built without modules says so', async () => {
    const { packages, notCovered } = await detect(goElf(inlineBuildInfo('go1.22.1', '')))
    expect(packages?.map(({ name }) => name)).toEqual(['stdlib'])
    expect(notCovered).toMatch(/without module support/)
  })

  it('whose build information was taken out says so', async () => {
    const bytes = writeElf([{ name: '.gopclntab', bytes: Buffer.alloc(64) }])
    expect((await detect(bytes)).notCovered).toMatch(/without build information/)
  })

  it.each([
    ['a version longer than the file', inlineBuildInfo('g'.repeat(3_000), '').subarray(0, 200)],
    ['a length that never ends', Buffer.concat([info.subarray(0, 32), Buffer.alloc(20, 0xff)])],
    [
      'pointers of 5 bytes',
      Buffer.concat([info.subarray(0, 14), Buffer.from([5, 0]), info.subarray(16)]),
    ],
    ['pointers to nowhere', pointerBuildInfo('go1.17', modules, 0x7fffffff)],
  ])('with %s is refused', async (_, bytes) => {
    await expect(detect(goElf(bytes))).rejects.toThrow(Unreadable)
  })
})

describe('a Rust program', () => {
  const audit = (packages: readonly object[]) => deflateSync(JSON.stringify({ packages }))
  const crates = audit([
    { name: 'server', version: '0.1.0', source: 'local', root: true, dependencies: [1] },
    { name: 'serde', version: '1.0.188', source: 'crates.io' },
    { name: 'cc', version: '1.0.83', source: 'crates.io', kind: 'build' },
  ])

  it.each([
    ['ELF', rustElf(crates)],
    ['PE', writePe('.dep-v0', crates)],
    ['Mach-O', writeMachO('.dep-v0', crates)],
  ])('of %s lists the crates that run', async (_, bytes) => {
    expect(await namesIn(bytes)).toEqual(['server@0.1.0', 'serde@1.0.188'])
    expect((await detect(bytes)).packages?.[1]?.purl).toBe('pkg:cargo/serde@1.0.188')
  })

  it.each([
    ['no zlib', Buffer.from('plain text')],
    ['no JSON', deflateSync('plain text')],
    ['another JSON', deflateSync('{"packages":7}')],
  ])('whose list is %s is refused', async (_, bytes) => {
    await expect(detect(rustElf(bytes))).rejects.toThrow(Unreadable)
  })

  it('whose list inflates to more than the limit is refused', async () => {
    const bomb = deflateSync(Buffer.alloc(16 * 1024 ** 2))
    expect(bomb.length).toBeLessThan(20_000)
    await expect(detect(rustElf(bomb))).rejects.toThrow(ScanLimit)
  })
})

describe('a broken program', () => {
  const good = goElf(info)
  it.each([
    ['a section table beyond the file', (bytes: Buffer) => bytes.writeBigUInt64LE(1n << 40n, 40)],
    [
      'a section table at no possible place',
      (bytes: Buffer) => bytes.writeBigUInt64LE(~0n & 0xffffffffffffffffn, 40),
    ],
    ['65,535 sections', (bytes: Buffer) => bytes.writeUInt16LE(0xffff, 60)],
    ['sections of no size', (bytes: Buffer) => bytes.writeUInt16LE(0, 58)],
    ['names that are not there', (bytes: Buffer) => bytes.writeUInt16LE(9, 62)],
    ['a program table beyond the file', (bytes: Buffer) => bytes.writeBigUInt64LE(1n << 33n, 32)],
  ])('with %s is refused', async (_, change) => {
    const bytes = Buffer.from(good)
    change(bytes)
    await expect(detect(bytes)).rejects.toThrow(Unreadable)
  })

  it.each([
    ['ELF', good.subarray(0, 60)],
    ['ELF', good.subarray(0, good.length - 10)],
    ['PE', writePe('.data', info).subarray(0, 140)],
    ['Mach-O', writeMachO('__data', info).subarray(0, 60)],
    ['fat', writeFat(Buffer.alloc(0))],
  ])('of %s that is cut short is refused', async (_, bytes) => {
    await expect(detect(bytes)).rejects.toThrow(Unreadable)
  })

  it.each([
    ['ELF', good],
    ['ELF with pointers', goElf(pointerBuildInfo('go1.17', modules, loadAddress + 128))],
    ['PE', writePe('.data', pointerBuildInfo('go1.17', modules, 0x140001000))],
    ['Mach-O', writeMachO('__data', pointerBuildInfo('go1.17', modules, 0x100000000))],
    ['fat', writeFat(writeMachO('__go_buildinfo', info))],
    ['Rust', rustElf(deflateSync('{"packages":[]}'))],
  ])('of %s, broken in any way, is read or refused', async (_, bytes) => {
    await fc.assert(
      fc.asyncProperty(mutationsOf(bytes), (broken) => answersOrRefuses(() => detect(broken))),
      { numRuns: 500 },
    )
  })
})
