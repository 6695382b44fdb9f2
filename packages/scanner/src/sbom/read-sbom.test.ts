import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Unreadable } from '../detector.ts'
import { sbomFile } from '../detectors/sbom-file.ts'
import { detectBytes } from '../detectors/testing/scanned-file.ts'
import { purlPackage } from './purl-package.ts'
import { readSbom } from './read-sbom.ts'

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value))
const read = (value: unknown) => readSbom(bytes(value))
const cycloneDx = (components: unknown[], rest: object = {}) => ({
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  components,
  ...rest,
})
const spdx = (packages: unknown[], rest: object = {}) => ({
  spdxVersion: 'SPDX-2.3',
  packages,
  ...rest,
})
const purlRef = (referenceLocator: string, referenceCategory = 'PACKAGE-MANAGER') => ({
  referenceCategory,
  referenceType: 'purl',
  referenceLocator,
})

describe('readSbom: CycloneDX', () => {
  test("reads syft's words: distribution, places, licences, sources", () => {
    const catalogue = read(
      cycloneDx([
        {
          type: 'library',
          name: 'libssl3',
          version: '3.0.11-1',
          purl: 'pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&distro=debian-12&upstream=openssl%403.0.11-2',
          licenses: [{ license: { id: 'Apache-2.0' } }, { license: { name: 'Artistic' } }],
          properties: [
            { name: 'syft:package:type', value: 'deb' },
            { name: 'syft:location:0:path', value: '/var/lib/dpkg/status' },
            { name: 'syft:location:0:layerID', value: 'sha256:11' },
          ],
        },
        {
          type: 'operating-system',
          name: 'debian',
          version: '12',
          properties: [
            { name: 'syft:distro:id', value: 'debian' },
            { name: 'syft:distro:versionID', value: '12' },
            { name: 'syft:distro:prettyName', value: 'Debian GNU/Linux 12 (bookworm)' },
            { name: 'syft:distro:versionCodename', value: 'bookworm' },
          ],
        },
        { type: 'file', name: '/etc/passwd' },
      ]),
    )
    expect(catalogue.packages).toEqual([
      {
        kind: 'deb',
        name: 'libssl3',
        version: '3.0.11-1',
        purl: 'pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&distro=debian-12&upstream=openssl%403.0.11-2',
        source: { name: 'openssl', version: '3.0.11-2' },
        architecture: 'amd64',
        licenses: ['Apache-2.0', 'Artistic'],
        path: 'var/lib/dpkg/status',
        layer: 'sha256:11',
      },
    ])
    expect(catalogue.distribution).toMatchObject({
      id: 'debian',
      version: '12',
      codename: 'bookworm',
      name: 'Debian GNU/Linux 12 (bookworm)',
      release: '12',
      endOfLife: expect.stringMatching(/^\d{4}-/),
    })
    expect(catalogue.notCovered).toEqual([])
  })

  test("reads Trivy's words, and components inside components", () => {
    const catalogue = read(
      cycloneDx([
        {
          type: 'application',
          name: 'app/package-lock.json',
          properties: [{ name: 'aquasecurity:trivy:Type', value: 'npm' }],
          components: [
            {
              type: 'library',
              group: '@babel',
              name: 'core',
              version: '7.0.0',
              purl: 'pkg:npm/%40babel/core@7.0.0',
              licenses: [{ expression: 'MIT OR ISC' }],
              properties: [
                { name: 'aquasecurity:trivy:FilePath', value: 'app/node_modules/a/package.json' },
                { name: 'aquasecurity:trivy:LayerDiffID', value: 'sha256:22' },
              ],
            },
          ],
        },
        {
          type: 'library',
          name: 'bash',
          version: '5.1.8-9.el9',
          purl: 'pkg:rpm/rocky/bash@5.1.8-9.el9?arch=x86_64&epoch=1&distro=rocky-9.2',
          properties: [
            { name: 'aquasecurity:trivy:SrcName', value: 'bash-src' },
            { name: 'aquasecurity:trivy:SrcVersion', value: '5.1.8' },
            { name: 'aquasecurity:trivy:SrcRelease', value: '9.el9' },
            { name: 'aquasecurity:trivy:SrcEpoch', value: '1' },
          ],
        },
      ]),
    )
    expect(catalogue.packages).toMatchObject([
      {
        kind: 'npm',
        name: '@babel/core',
        licenses: ['MIT OR ISC'],
        path: 'app/node_modules/a/package.json',
        layer: 'sha256:22',
      },
      {
        kind: 'rpm',
        name: 'bash',
        version: '1:5.1.8-9.el9',
        source: { name: 'bash-src', version: '1:5.1.8-9.el9' },
      },
    ])
    expect(catalogue.distribution).toMatchObject({ id: 'rocky', version: '9.2', release: '9' })
  })

  test('what has no package URL, or one of another type, is not covered and never forgotten', () => {
    const catalogue = read(
      cycloneDx([
        { type: 'library', name: 'zlib', version: '1.2' },
        { type: 'application', name: 'wordpress', purl: 'pkg:bitnami/wordpress@6.1' },
        { type: 'library', name: 'x', purl: 'not a purl' },
        { type: 'library', name: 'y', purl: 'pkg:npm/y' },
      ]),
    )
    expect(catalogue.packages).toEqual([])
    expect(catalogue.notCovered.map(({ path }) => path)).toEqual([
      'zlib 1.2',
      'wordpress',
      'x',
      'y',
    ])
  })

  test.each([
    [cycloneDx([], { specVersion: '1.1' }), 'CycloneDX 1.1 is not read'],
    [cycloneDx([], { specVersion: 2 }), 'CycloneDX ? is not read'],
    [cycloneDx([{ version: '1' }]), 'components[0].name'],
    [cycloneDx([{ name: 'a', components: [{ name: 1 }] }]), 'components[0].components[0].name'],
    [{ bomFormat: 'Other', specVersion: '1.4' }, 'bomFormat'],
    [{ hello: 1 }, 'neither bomFormat'],
    [[], 'neither bomFormat'],
    [null, 'neither bomFormat'],
  ])('refuses %j with its place', (value, message) => {
    expect(() => read(value)).toThrow(Unreadable)
    expect(() => read(value)).toThrow(message)
  })

  test('refuses components too deep in one another, and what is no JSON', () => {
    let nested: object = { name: 'a' }
    for (let depth = 0; depth < 40; depth += 1) nested = { name: 'a', components: [nested] }
    expect(() => read(cycloneDx([nested]))).toThrow('more than 32 deep')
    expect(() => readSbom(Buffer.from('{"bomFormat"'))).toThrow('not JSON')
    const deep = Buffer.from(`${'['.repeat(200_000)}${']'.repeat(200_000)}`)
    expect(() => readSbom(deep)).toThrow(Unreadable)
  })
})

describe('readSbom: SPDX', () => {
  test('reads what tools write, and takes neither the image nor its system for packages', () => {
    const catalogue = read(
      spdx(
        [
          { SPDXID: 'SPDXRef-image', name: 'app', primaryPackagePurpose: 'CONTAINER' },
          {
            SPDXID: 'SPDXRef-os',
            name: 'alpine',
            versionInfo: '3.19.1',
            primaryPackagePurpose: 'OPERATING-SYSTEM',
          },
          {
            SPDXID: 'SPDXRef-musl',
            name: 'musl',
            versionInfo: '1.2.4-r2',
            supplier: 'Person: Natanael Copa',
            sourceInfo: 'acquired package info from APK DB: /lib/apk/db/installed',
            licenseConcluded: 'NOASSERTION',
            licenseDeclared: 'LicenseRef-odd',
            externalRefs: [
              { referenceType: 'cpe23Type', referenceLocator: 'cpe:2.3:a:musl:musl:*' },
              purlRef('pkg:apk/alpine/musl@1.2.4-r2?arch=x86_64', 'PACKAGE_MANAGER'),
            ],
          },
          {
            name: 'libcrypto3',
            sourceInfo: 'built package from: openssl 3.1.4-r2',
            licenseDeclared: 'NONE',
            externalRefs: [purlRef('pkg:apk/alpine/libcrypto3@3.1.4-r3')],
          },
          { name: 'mystery', versionInfo: '1' },
        ],
        {
          relationships: [
            {
              spdxElementId: 'SPDXRef-DOCUMENT',
              relationshipType: 'DESCRIBES',
              relatedSpdxElement: 'SPDXRef-image',
            },
          ],
          hasExtractedLicensingInfos: [{ licenseId: 'LicenseRef-odd', extractedText: 'MIT-ish' }],
        },
      ),
    )
    expect(catalogue.packages).toMatchObject([
      { name: 'libcrypto3', source: { name: 'openssl', version: '3.1.4-r2' }, licenses: [] },
      {
        name: 'musl',
        maintainer: 'Natanael Copa',
        path: 'lib/apk/db/installed',
        licenses: ['MIT-ish'],
        architecture: 'x86_64',
      },
    ])
    expect(catalogue.distribution).toMatchObject({
      id: 'alpine',
      version: '3.19.1',
      release: 'v3.19',
    })
    expect(catalogue.notCovered).toEqual([
      { path: 'mystery 1', reason: 'The SBOM gives no package URL for mystery 1.' },
    ])
  })

  test.each([
    [spdx([], { spdxVersion: 'SPDX-2.1' }), 'SPDX-2.1 is not read'],
    [{ '@context': 'https://spdx.org/rdf/3.0.1/spdx-context.jsonld' }, 'SPDX-3 is not read'],
    [spdx([{ versionInfo: '1' }]), 'packages[0].name'],
    [spdx([], { relationships: [{}] }), 'relationships.0'],
  ])('refuses %j', (value, message) => {
    expect(() => read(value)).toThrow(message)
  })
})

describe('readSbom: envelopes', () => {
  const sbom = cycloneDx([{ type: 'library', name: 'a', purl: 'pkg:npm/a@1.0.0' }])
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'app', digest: { sha256: 'a'.repeat(64) } }],
    predicateType: 'https://cyclonedx.org/bom',
    predicate: sbom,
  }
  const envelope = (value: unknown) => ({
    payloadType: 'application/vnd.in-toto+json',
    payload: bytes(value).toString('base64'),
    signatures: [],
  })

  test.each([
    ['an in-toto statement', statement],
    ['a DSSE envelope', envelope(statement)],
    ['a Sigstore bundle', { mediaType: 'x', dsseEnvelope: envelope(statement) }],
    ['a predicate with Data', { ...statement, predicate: { Data: JSON.stringify(sbom) } }],
    ['a byte order mark', undefined],
  ])('is found in %s', (_, value) => {
    const text = value === undefined ? `\uFEFF${JSON.stringify(sbom)}` : JSON.stringify(value)
    expect(readSbom(Buffer.from(text)).packages).toMatchObject([{ name: 'a', version: '1.0.0' }])
  })

  test('is not sought for ever', () => {
    let value: unknown = statement
    for (let depth = 0; depth < 8; depth += 1) value = envelope(value)
    expect(() => read(value)).toThrow('too many envelopes')
  })

  test('whatever JSON it is, there is a catalogue or Unreadable', () => {
    const part = fc.oneof(fc.jsonValue(), fc.constant('pkg:npm/a@1'), fc.constant('CycloneDX'))
    const entry = fc.dictionary(
      fc.constantFrom(
        'name',
        'purl',
        'version',
        'licenses',
        'properties',
        'components',
        'type',
        'externalRefs',
      ),
      part,
    )
    const document = fc.oneof(
      fc.record({ bomFormat: part, specVersion: fc.constant('1.6'), components: fc.array(entry) }),
      fc.record({ spdxVersion: fc.constant('SPDX-2.3'), packages: fc.array(entry) }),
      fc.jsonValue(),
    )
    fc.assert(
      fc.property(document, (value) => {
        try {
          expect(Array.isArray(read(value).packages)).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(Unreadable)
        }
      }),
    )
  })
})

describe('purlPackage', () => {
  test.each([
    [
      'pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1',
      'org.apache.logging.log4j:log4j-core',
      '2.14.1',
    ],
    ['pkg:golang/github.com/gorilla/mux@v1.8.0', 'github.com/gorilla/mux', 'v1.8.0'],
    ['pkg:golang/stdlib@v1.22.1', 'stdlib', '1.22.1'],
    ['pkg:golang/stdlib@go1.22.1', 'stdlib', '1.22.1'],
    ['pkg:pypi/Zope.Interface@5.0', 'zope-interface', '5.0'],
    ['pkg:composer/Monolog/Monolog@2.1.0', 'monolog/monolog', '2.1.0'],
    ['pkg:deb/ubuntu/bind9@9.18-1?epoch=1', 'bind9', '1:9.18-1'],
    ['pkg:deb/ubuntu/bind9@1:9.18-1', 'bind9', '1:9.18-1'],
    ['pkg:deb/ubuntu/bind9@1%3A9.18-1', 'bind9', '1:9.18-1'],
    ['pkg:rpm/rhel/x@1-1?epoch=0', 'x', '1-1'],
    ['pkg:cargo/serde@1.0.0', 'serde', '1.0.0'],
    ['pkg:nuget/Newtonsoft.Json@13.0.1', 'Newtonsoft.Json', '13.0.1'],
  ])('%s', (purl, name, version) => {
    expect(purlPackage(purl)).toMatchObject({ name, version })
  })

  test.each([
    'pkg:oci/app@sha256:11',
    'pkg:npm/x',
    'http://x',
    '',
    `pkg:npm/${'x'.repeat(5000)}@1`,
  ])('%s is none', (purl) => {
    expect(purlPackage(purl)).toBeUndefined()
  })
})

describe('sbom-file', () => {
  test.each([
    ['opt/bitnami/wordpress/.spdx-wordpress.spdx', true],
    ['var/lib/db/sbom/nginx-1.25.3-r0.spdx.json', true],
    ['usr/share/sbom/app.cdx.json', true],
    ['usr/local/share/sbom/x/app.spdx', true],
    ['app/bom.json', false],
    ['var/lib/db/sbom/readme.txt', false],
  ])('wants %s: %s', (path, wanted) => {
    expect(sbomFile.wants({ path, isExecutable: false, size: 1 })).toBe(wanted)
  })

  test('gives the packages, and says what else was named but for source repositories', async () => {
    const document = spdx([
      { name: 'nginx', externalRefs: [purlRef('pkg:apk/wolfi/nginx@1.25.3-r0')] },
      { name: 'src', externalRefs: [purlRef('pkg:github/nginx/nginx@release-1.25.3')] },
      { name: 'zlib', versionInfo: '1.2' },
      { name: 'pcre', versionInfo: '8' },
    ])
    const path = 'var/lib/db/sbom/nginx-1.25.3-r0.spdx.json'
    const detected = await detectBytes(sbomFile, path, bytes(document))
    expect(detected.packages).toEqual([
      {
        kind: 'apk',
        name: 'nginx',
        version: '1.25.3-r0',
        purl: 'pkg:apk/wolfi/nginx@1.25.3-r0',
        licenses: [],
      },
    ])
    expect(detected.notCovered).toBe(
      'The SBOM gives no package URL for zlib 1.2. And 1 more entries like it.',
    )
  })
})
