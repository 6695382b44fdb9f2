import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Unreadable } from '../detector.ts'
import { manifest, pomProperties, writeZip, type ZipMember } from './jar/testing/write-zip.ts'
import { jar } from './jar.ts'
import { answersOrRefuses, mutationsOf } from './testing/mutations.ts'
import { detectBytes } from './testing/scanned-file.ts'

const path = 'app/server.jar'
const log4j = writeZip([
  pomProperties('org.apache.logging.log4j', 'log4j-core', '2.14.1'),
  { name: 'org/apache/logging/log4j/core/Core.class', data: Buffer.alloc(2_000, 7) },
])
const nested = (name: string, data: Buffer): ZipMember => ({ name, data, isStored: true })

async function read(
  bytes: Buffer,
  file = path,
): Promise<{ found: string[]; notCovered: string | undefined }> {
  const { placed, notCovered } = await detectBytes(jar, file, bytes)
  return {
    found: (placed ?? []).map((each) => `${each.name} ${each.version} in ${each.path}`),
    notCovered,
  }
}

describe('an archive of Java', () => {
  it.each([
    ['opt/a.jar', true],
    ['opt/A.WAR', true],
    ['opt/a.ear', true],
    ['opt/a.hpi', true],
    ['opt/a.zip', false],
    ['opt/jar', false],
  ])('%s is wanted: %s', (name, isWanted) => {
    expect(jar.wants({ path: name, isExecutable: false, size: 100 })).toBe(isWanted)
  })

  it('is what its Maven properties say', async () => {
    const { placed, notCovered } = await detectBytes(jar, 'opt/renamed.jar', log4j)
    expect(placed).toEqual([
      {
        kind: 'maven',
        name: 'org.apache.logging.log4j:log4j-core',
        version: '2.14.1',
        purl: 'pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1',
        licenses: [],
        path: 'opt/renamed.jar',
      },
    ])
    expect(notCovered).toBeUndefined()
  })

  it('lists everything that was shaded into it', async () => {
    const bytes = writeZip([
      manifest({ 'Bundle-License': 'Apache-2.0' }),
      pomProperties('com.acme', 'server', '1.0'),
      pomProperties('org.yaml', 'snakeyaml', '1.30'),
      pomProperties('org.yaml', 'snakeyaml', '1.30'),
      pomProperties('io.netty', 'netty-codec', '4.1.68.Final'),
    ])
    expect((await read(bytes)).found).toEqual([
      'com.acme:server 1.0 in app/server.jar',
      'org.yaml:snakeyaml 1.30 in app/server.jar',
      'io.netty:netty-codec 4.1.68.Final in app/server.jar',
    ])
  })

  it('that only packed others with properties is named by its file', async () => {
    const bytes = writeZip([
      pomProperties('org.yaml', 'snakeyaml', '1.30'),
      manifest({ 'Implementation-Vendor-Id': 'com.acme' }),
    ])
    expect((await read(bytes, 'opt/rocket-2.1.jar')).found).toEqual([
      'org.yaml:snakeyaml 1.30 in opt/rocket-2.1.jar',
      'com.acme:rocket 2.1 in opt/rocket-2.1.jar',
    ])
  })

  it.each([
    ['3.2.12', []],
    ['4.2.3', ['com.google.inject:guice 4.2.3 in java/guice.jar']],
  ])(
    'that packed one other and is version %s itself is told apart by it',
    async (version, more) => {
      const bytes = writeZip([
        pomProperties('cglib', 'cglib', '3.2.12'),
        manifest({ 'Bundle-SymbolicName': 'com.google.inject', 'Bundle-Version': version }),
      ])
      const { found } = await read(bytes, 'java/guice.jar')
      expect(found).toEqual(['cglib:cglib 3.2.12 in java/guice.jar', ...more])
    },
  )

  it('that packed others and tells no group of its own is not guessed at', async () => {
    const bytes = writeZip([pomProperties('org.yaml', 'snakeyaml', '1.30')])
    const { found, notCovered } = await read(bytes, 'opt/rocket-2.1.jar')
    expect(found).toEqual(['org.yaml:snakeyaml 1.30 in opt/rocket-2.1.jar'])
    expect(notCovered).toMatch(/no name and version of its own is recorded of opt\/rocket-2.1.jar/)
  })

  it('keeps the license of its manifest', async () => {
    const bytes = writeZip([
      pomProperties('com.acme', 'server', '1.0'),
      manifest({
        'Bundle-License': '"Apache-2.0";link="https://www.apache.org/licenses/LICENSE-2.0"',
      }),
    ])
    expect((await detectBytes(jar, path, bytes)).placed?.[0]?.licenses).toEqual(['Apache-2.0'])
  })

  it('of which nothing tells a group takes its name for it, and says so', async () => {
    const { found, notCovered } = await read(writeZip([manifest({})]), 'lib/classworlds-1.1.jar')
    expect(found).toEqual(['classworlds:classworlds 1.1 in lib/classworlds-1.1.jar'])
    expect(notCovered).toMatch(/group is not recorded .* lib\/classworlds-1.1.jar$/)
  })

  it('of which nothing tells a version says so', async () => {
    const { found, notCovered } = await read(writeZip([manifest({})]))
    expect(found).toEqual([])
    expect(notCovered).toMatch(/no name and version of its own is recorded of app\/server.jar$/)
  })

  it('is read behind a script', async () => {
    const script = Buffer.from('#!/bin/bash\nexec java -jar "$0"\n')
    expect((await read(Buffer.concat([script, log4j]))).found).toHaveLength(1)
  })
})

describe('archives in archives', () => {
  it.each([
    ['stored', true],
    ['compressed', false],
  ])('%s are read with their place', async (_, isStored) => {
    const bytes = writeZip([
      manifest({ 'Implementation-Title': 'shop', 'Implementation-Version': '3.2' }),
      { name: 'BOOT-INF/lib/log4j-core-2.14.1.jar', data: log4j, isStored },
      { name: 'WEB-INF/lib/', data: '' },
      { name: 'WEB-INF/lib/spring-core-5.3.20.jar', data: writeZip([manifest({})]), isStored },
    ])
    expect((await read(bytes)).found).toEqual([
      'org.apache.logging.log4j:log4j-core 2.14.1 in app/server.jar!/BOOT-INF/lib/log4j-core-2.14.1.jar',
      'org.springframework:spring-core 5.3.20 in app/server.jar!/WEB-INF/lib/spring-core-5.3.20.jar',
      'shop:shop 3.2 in app/server.jar',
    ])
  })

  it('are read to a depth of four, and what lies deeper is said', async () => {
    let bytes = log4j
    for (const name of ['e.jar', 'd.war', 'c.ear', 'b.jar']) {
      bytes = writeZip([pomProperties('com.acme', name, '1'), nested(name, bytes)])
    }
    const { found, notCovered } = await read(bytes, 'a.jar')
    expect(found.map((line) => line.split(' in ')[1])).toEqual([
      'a.jar!/b.jar!/c.ear!/d.war',
      'a.jar!/b.jar!/c.ear',
      'a.jar!/b.jar',
      'a.jar',
    ])
    expect(notCovered).toMatch(/a.jar!\/b.jar!\/c.ear!\/d.war!\/e.jar lies deeper than 4/)
  })

  it('that are broken are said, and the others are read', async () => {
    const bytes = writeZip([
      pomProperties('com.acme', 'server', '1.0'),
      nested('lib/broken.jar', Buffer.from('this is no archive')),
      nested('lib/log4j.jar', log4j),
    ])
    const { found, notCovered } = await read(bytes)
    expect(found).toHaveLength(2)
    expect(notCovered).toMatch(/could not be read: app\/server.jar!\/lib\/broken.jar: /)
  })
})

describe('a hostile archive', () => {
  it.each([
    ['text', Buffer.from('this is no archive, though it has the name of one')],
    ['nothing but an end', writeZip([]).subarray(0, 21)],
    ['cut short', log4j.subarray(0, -30)],
  ])('that is %s is refused', async (_, bytes) => {
    await expect(read(bytes)).rejects.toThrow(Unreadable)
  })

  it('with names that lead out of it is read without them', async () => {
    const evil = ['../../etc/evil.jar', '/etc/evil.jar', 'C:/evil.jar', 'a\u0000.jar', 'a\nb.jar']
    const bytes = writeZip([
      ...evil.map((name) => nested(name, log4j)),
      pomProperties('com.acme', 'server', '1.0'),
    ])
    const { found, notCovered } = await read(bytes)
    expect(found).toEqual(['com.acme:server 1.0 in app/server.jar'])
    expect(notCovered).toMatch(/holds an archive whose name leads out of it.* and 2 more$/)
  })

  it('with properties that inflate to a gigabyte costs no more than the limit', async () => {
    const bomb = { ...pomProperties('com.acme', 'bomb', '1'), data: Buffer.alloc(50_000_000) }
    const bytes = writeZip([pomProperties('com.acme', 'server', '1.0'), bomb])
    const { found, notCovered } = await read(bytes)
    expect(found).toHaveLength(1)
    expect(notCovered).toMatch(/pom.properties has more than 65536 bytes/)
  })

  it('that lies about a size is not believed', async () => {
    const bomb = {
      ...pomProperties('com.acme', 'bomb', '1'),
      data: Buffer.alloc(1_000_000),
      claimedSize: 100,
    }
    expect((await read(writeZip([bomb]))).notCovered).toMatch(/inflates to more than/)
  })

  it('whose archives lie on top of one another is bounded by all entries together', async () => {
    const inner = writeZip(
      Array.from({ length: 20_000 }, (_, index) => ({
        name: `${index}`,
        data: '',
        isStored: true,
      })),
    )
    const bytes = writeZip([
      nested('0.jar', inner),
      ...Array.from({ length: 30 }, (_, index) => ({
        ...nested(`${index + 1}.jar`, Buffer.alloc(0)),
        claimedSize: inner.length,
        claimedOffset: 0,
      })),
    ])
    expect((await read(bytes)).notCovered).toMatch(/more than 500000 entries together/)
  }, 120_000)

  it('with too many entries is read up to the limit', async () => {
    const bytes = writeZip([
      pomProperties('com.acme', 'server', '1.0'),
      ...Array.from({ length: 100_000 }, (_, index) => ({
        name: `${index}`,
        data: '',
        isStored: true,
      })),
    ])
    const { found, notCovered } = await read(bytes)
    expect(found).toHaveLength(1)
    expect(notCovered).toMatch(/more than 100000 entries/)
  })

  it.each([
    ['an end record beyond the file', 20 + 8 + 22, 1n << 50n],
    ['a directory beyond the file', 20 + 8 + 22, (1n << 63n) - 1n],
  ])('of 64 bits that claims %s is refused', async (_, fromEnd, value) => {
    const bytes = writeZip(
      Array.from({ length: 65_535 }, (_, index) => ({
        name: `${index}`,
        data: '',
        isStored: true,
      })),
    )
    bytes.writeBigUInt64LE(value, bytes.length - fromEnd)
    await expect(read(bytes)).rejects.toThrow(Unreadable)
  })

  it('with encrypted properties says so', async () => {
    const secret = { ...pomProperties('com.acme', 'server', '1.0'), isEncrypted: true }
    expect((await read(writeZip([secret]))).notCovered).toMatch(/is encrypted/)
  })

  it('that is broken in any way is read or refused', async () => {
    const good = writeZip([
      pomProperties('com.acme', 'server', '1.0'),
      manifest({ 'Implementation-Title': 'server' }),
      nested('lib/log4j.jar', log4j),
      { name: 'lib/compressed.jar', data: log4j },
    ])
    await fc.assert(
      fc.asyncProperty(mutationsOf(good), (bytes) =>
        answersOrRefuses(() => detectBytes(jar, path, bytes)),
      ),
      { numRuns: 1_000 },
    )
  })
})
