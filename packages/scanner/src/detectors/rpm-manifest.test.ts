import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Unreadable } from '../detector.ts'
import { rpmManifest } from './rpm-manifest.ts'
import { answersOrRefuses } from './testing/mutations.ts'
import { detectBytes } from './testing/scanned-file.ts'

const path = 'var/lib/rpmmanifest/container-manifest-2'
const glibc =
  'glibc\t2.35-3.cm2\t1664393467\t1664320000\tMicrosoft Corporation\t(none)\t10855265\tx86_64\t0\tglibc-2.35-3.cm2.src.rpm'
const libs =
  'openssl-libs\t1.1.1k-21.cm2\t1664393467\t1664320000\tMicrosoft Corporation\t2\t1\tx86_64\t2\topenssl-1.1.1k-21.cm2.src.rpm'

const read = (text: string) => detectBytes(rpmManifest, path, Buffer.from(text))

describe('the rpm manifest', () => {
  it('lists one package a line', async () => {
    expect(await read(`${glibc}\n${libs}\n`)).toEqual({
      packages: [
        {
          kind: 'rpm',
          name: 'glibc',
          version: '2.35-3.cm2',
          purl: 'pkg:rpm/glibc@2.35-3.cm2?arch=x86_64&upstream=glibc-2.35-3.cm2.src.rpm',
          architecture: 'x86_64',
          licenses: [],
          maintainer: 'Microsoft Corporation',
        },
        {
          kind: 'rpm',
          name: 'openssl-libs',
          version: '2:1.1.1k-21.cm2',
          purl: 'pkg:rpm/openssl-libs@1.1.1k-21.cm2?arch=x86_64&epoch=2&upstream=openssl-1.1.1k-21.cm2.src.rpm',
          source: { name: 'openssl', version: '2:1.1.1k-21.cm2' },
          architecture: 'x86_64',
          licenses: [],
          maintainer: 'Microsoft Corporation',
        },
      ],
      notCovered: undefined,
    })
  })

  it('says which line it could not read', async () => {
    const { packages, notCovered } = await read(`${glibc}\nnonsense\n${libs}`)
    expect(packages).toHaveLength(2)
    expect(notCovered).toMatch(/line 2$/)
  })

  it('without one good line is refused', async () => {
    await expect(read('nonsense')).rejects.toThrow(Unreadable)
  })

  it('of any text is read or refused', async () => {
    const line = fc.array(fc.string({ unit: 'binary' }), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(fc.array(line), (lines) =>
        answersOrRefuses(() => read(lines.map((fields) => fields.join('\t')).join('\n'))),
      ),
    )
  })
})
