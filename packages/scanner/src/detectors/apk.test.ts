import { expect, it } from 'vitest'
import { apk } from './apk.ts'
import { detectBytes } from './testing/scanned-file.ts'

it('apk: packages, their origins and their files', async () => {
  const text = `C:Q1abc
P:musl
V:1.2.4-r4
A:x86_64
L:MIT
o:musl
m:Timo Teras <timo.teras@iki.fi>
F:lib
R:ld-musl-x86_64.so.1
a:0:0:755

P:libcrypto3
V:3.1.4-r5
A:x86_64
L:Apache-2.0
o:openssl
F:
R:top
F:usr/lib
R:libcrypto.so.3
`
  expect(await detectBytes(apk, 'lib/apk/db/installed', Buffer.from(text))).toEqual({
    packages: [
      {
        kind: 'apk',
        name: 'musl',
        version: '1.2.4-r4',
        purl: 'pkg:apk/musl@1.2.4-r4?arch=x86_64',
        architecture: 'x86_64',
        licenses: ['MIT'],
        maintainer: 'Timo Teras <timo.teras@iki.fi>',
      },
      {
        kind: 'apk',
        name: 'libcrypto3',
        version: '3.1.4-r5',
        purl: 'pkg:apk/libcrypto3@3.1.4-r5?arch=x86_64&upstream=openssl',
        source: { name: 'openssl', version: '3.1.4-r5' },
        architecture: 'x86_64',
        licenses: ['Apache-2.0'],
      },
    ],
    owned: ['lib/ld-musl-x86_64.so.1', 'top', 'usr/lib/libcrypto.so.3'],
  })
})
