import { exportPublicKey } from '@berth/signing/keys.ts'
import { predicateTypes } from '@berth/signing/predicates/predicate-types.ts'
import { referrerManifest } from '@berth/signing/publish.ts'
import { attest } from '@berth/signing/sign.ts'
import { localSigner } from '@berth/signing/signer.ts'
import type { Digest } from '@berth/oci/digest.ts'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { testDatabases } from '../testing/open-test-databases.ts'
import { openTestNodes, type TestNodes } from '../testing/open-test-nodes.ts'
import { debianLayer, pushImage, writeAdvisories } from '../testing/scan-fixtures.ts'

type Finding = {
  vulnerability: string
  suppressed: { author: string; source: string; justification: string } | null
}
type Statement = { author: string; sourceDigest: string; image: string; revokedAt: string | null }
type Items<Item> = { items: Item[] }

const slow = 120_000
const repository = 'acme/app'
const manifests = `/repositories/${encodeURIComponent(repository)}/manifests`
const imageManifest = 'application/vnd.oci.image.manifest.v1+json'
const statements = '/projects/acme/vex-statements?state='
const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

for (const engine of testDatabases) {
  describe.skipIf(!engine.available)(
    `VEX in attestations on ${engine.name}`,
    { timeout: slow },
    () => {
      let nodes: TestNodes
      let image: Digest

      beforeEach(async () => {
        nodes = await openTestNodes(engine)
        for (const { dataDirectory } of nodes.nodes) {
          await writeAdvisories(join(dataDirectory, 'advisories', 'advisories.db'), [
            { cve: 'CVE-2026-1', package: 'openssl' },
          ])
        }
        const layer = debianLayer({ openssl: '3.0.11-1' })
        image = (await pushImage(nodes.registry, repository, 'v1', [layer])) as Digest
        await eventually(async () => {
          const { scans } = await nodes.manage<{ scans: { dataRevision: number }[] }>(
            'GET',
            `${manifests}/v1/scan`,
          )
          return scans[0]?.dataRevision === 1
        })
      }, slow)

      afterEach(() => nodes.close(), slow)

      const findings = async () =>
        (await nodes.manage<Items<Finding>>('GET', `${manifests}/v1/findings`)).items
      const vex = async (state: string) =>
        (await nodes.manage<Items<Statement>>('GET', `${statements}${state}`)).items
      const trust = (name: string, key: KeyObject) =>
        nodes.manage('POST', '/projects/acme/trusted-identities', {
          name,
          identity: { kind: 'key', publicKey: exportPublicKey(key) },
        })
      const isSuppressed = async () => (await findings())[0]?.suppressed !== null

      /** As `cosign attest --type openvex` does. */
      async function attestVex(key: KeyObject, predicateType: string, predicate: unknown) {
        const signer = localSigner(key)
        const artifact = await attest({
          subject: { digest: image },
          signer,
          predicateType,
          predicate,
        })
        const manifest = await nodes.registry.send('GET', `/v2/${repository}/manifests/${image}`)
        const size = manifest.body.length
        const upload = referrerManifest(
          artifact,
          { mediaType: imageManifest, digest: image, size },
          new Date(),
        )
        for (const { bytes } of upload.blobs) await nodes.registry.pushBlob(repository, bytes)
        const answer = await nodes.registry.send(
          'PUT',
          `/v2/${repository}/manifests/${upload.digest}`,
          { headers: { 'content-type': upload.mediaType }, body: upload.manifest },
        )
        expect(answer.status).toBe(201)
        await nodes.manage('POST', `${manifests}/${image}/signatures/verify`)
        return upload.digest
      }

      test('one of somebody trusted suppresses its finding until it is not trusted any more', async () => {
        const release = newKey()
        await attestVex(newKey(), predicateTypes.openvex, openVex())
        expect(await findings()).toMatchObject([{ vulnerability: 'CVE-2026-1', suppressed: null }])
        expect(await vex('all')).toEqual([])

        await trust('release', release)
        const source = await attestVex(release, `${predicateTypes.openvex}/v0.2.0`, openVex())
        expect(await findings()).toMatchObject([
          {
            vulnerability: 'CVE-2026-1',
            suppressed: {
              author: 'release',
              source: 'attestation',
              justification: 'vulnerable_code_not_in_execute_path',
            },
          },
        ])
        const held = await vex('active')
        expect(held).toMatchObject([{ author: 'release', sourceDigest: source, image, repository }])
        await nodes.manage('POST', `${manifests}/${image}/signatures/verify`)
        expect(await vex('all')).toEqual(held)

        await nodes.manage('DELETE', '/projects/acme/trusted-identities/release')
        expect(await isSuppressed()).toBe(false)
        expect(await vex('active')).toEqual([])
        expect(await vex('all')).toMatchObject([
          { author: 'release', revokedAt: expect.any(String), revokedBy: null },
        ])

        // Trusted again, the attestation that is still there counts again; gone, it does not.
        await trust('release', release)
        await eventually(isSuppressed)
        await nodes.registry.send('DELETE', `/v2/${repository}/manifests/${source}`)
        expect(await isSuppressed()).toBe(false)
        expect(await vex('active')).toEqual([])
      })

      test('a statement on another image or package, a broken document and another predicate say nothing', async () => {
        const release = newKey()
        await trust('release', release)
        const other = `pkg:oci/other@sha256%3A${'0'.repeat(64)}`
        const { openvex, cyclonedx } = predicateTypes
        await attestVex(release, openvex, openVex([{ '@id': other }]))
        await attestVex(release, openvex, openVex([{ '@id': 'pkg:deb/debian/zlib1g@1' }]))
        await attestVex(release, openvex, { statements: 'all is well' })
        await attestVex(release, cyclonedx, openVex())
        const { items } = await nodes.manage<Items<{ state: string }>>(
          'GET',
          `${manifests}/${image}/signatures`,
        )
        expect(items.map(({ state }) => state)).toEqual(Array(4).fill('verified'))
        expect(await isSuppressed()).toBe(false)
        expect(await vex('active')).toMatchObject([{ package: 'deb:zlib1g@1' }])
      })
    },
  )
}

/** Without products it speaks of what the attestation is about. */
function openVex(products?: readonly { '@id': string }[]) {
  return {
    '@context': 'https://openvex.dev/ns/v0.2.0',
    '@id': 'https://vex.test/1',
    author: 'Anyone may write any name here',
    timestamp: '2026-11-01T00:00:00Z',
    version: 1,
    statements: [
      {
        vulnerability: { name: 'CVE-2026-1' },
        ...(products && { products }),
        status: 'not_affected',
        justification: 'vulnerable_code_not_in_execute_path',
      },
    ],
  }
}

async function eventually(look: () => Promise<boolean>): Promise<void> {
  while (!(await look())) await wait(100)
}
