import type { ErrorEnvelope } from '@berth/oci/error-code.ts'
import { exportPublicKey } from '@berth/signing/keys.ts'
import { referrerManifest } from '@berth/signing/publish.ts'
import { attest, signImage } from '@berth/signing/sign.ts'
import { localSigner } from '@berth/signing/signer.ts'
import type { Digest } from '@berth/oci/digest.ts'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Answer, readJson } from '../../testing/http-client.ts'
import { testDatabases } from '../../testing/open-test-databases.ts'
import { openTestPolicies, type TestPolicies } from '../../testing/open-test-policies.ts'

const slow = 60_000
const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const indexType = 'application/vnd.oci.image.index.v1+json'
const provenance = 'https://slsa.dev/provenance/v1'
const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

function denied(answer: Answer): string {
  expect(answer.status).toBe(403)
  const [error] = readJson<ErrorEnvelope>(answer).errors
  expect(error?.code).toBe('DENIED')
  return error?.message ?? ''
}

describe.each(testDatabases)('policies on signatures, $name', { timeout: slow }, (engine) => {
  describe.skipIf(!engine.available)('policies on signatures', () => {
    const release = newKey()
    const security = newKey()
    let test: TestPolicies
    let number = 0
    let repository = ''

    const trust = (project: string, name: string, key: KeyObject) =>
      test.manage(
        'POST',
        project === ''
          ? '/system/trusted-identities'
          : `/projects/${encodeURIComponent(project)}/trusted-identities`,
        { name, identity: { kind: 'key', publicKey: exportPublicKey(key) } },
      )

    beforeAll(async () => {
      test = await openTestPolicies(engine)
      await test.manage('POST', '/projects', { name: 'acme/team', visibility: 'private' })
      await trust('acme', 'release', release)
      await trust('acme', 'security', security)
    }, slow)
    afterAll(() => test.close(), slow)
    beforeEach(async () => {
      number += 1
      repository = `acme/app${number}`
      await test.setPolicy('acme', '  []')
    })

    /** Signs with the key, or attests with it, and pushes that; it is judged when its turn comes. */
    async function pushSignature(
      reference: string,
      key: KeyObject,
      attestation?: { predicateType: string; predicate: unknown },
    ): Promise<{ subject: string; digest: string }> {
      const stored = await test.registry.send('HEAD', `/v2/${repository}/manifests/${reference}`, {
        headers: { accept: `${manifestType}, ${indexType}` },
      })
      const digest = String(stored.headers['docker-content-digest']) as Digest
      const options = { subject: { digest }, signer: localSigner(key) }
      const artifact = await (attestation
        ? attest({ ...options, ...attestation })
        : signImage(options))
      const mediaType = String(stored.headers['content-type'])
      const size = Number(stored.headers['content-length'])
      const upload = referrerManifest(artifact, { mediaType, digest, size }, new Date())
      for (const { bytes } of upload.blobs) await test.registry.pushBlob(repository, bytes)
      const { manifest } = upload
      const pushed = await test.registry.pushManifest(
        repository,
        upload.digest,
        manifest.toString(),
      )
      expect(pushed.status).toBe(201)
      return { subject: digest, digest: upload.digest }
    }

    /** As `pushSignature`, and has it judged. */
    async function sign(...args: Parameters<typeof pushSignature>): Promise<string> {
      const { subject, digest } = await pushSignature(...args)
      const path = `/repositories/${encodeURIComponent(repository)}/manifests/${subject}/signatures`
      await test.manage('POST', `${path}/verify`)
      return digest
    }

    const pull = (reference = 'v1') => test.pull(repository, reference)
    const status = async (reference = 'v1') => (await pull(reference)).status

    it('signedBy: any of the identities, or all; a stranger does not count, and what is gone does not either', async () => {
      await test.push(repository, 'v1')
      const rule = (threshold: string) =>
        test.setPolicy(
          'acme',
          `  - { name: signed, signedBy: { identities: [release, security], threshold: ${threshold} } }`,
        )
      await rule('any')
      await sign('v1', newKey())
      expect(denied(await pull())).toContain('"signed": not signed by any of "release", "security"')
      const first = await sign('v1', release)
      expect(await status()).toBe(200)
      await rule('all')
      expect(denied(await pull())).toContain('"signed": not signed by "security"')
      await sign('v1', security)
      expect(await status()).toBe(200)
      await test.registry.send('DELETE', `/v2/${repository}/manifests/${first}`)
      expect(denied(await pull())).toContain('"signed": not signed by "release"')
    })

    it('what is signed counts from the moment at which the push of the signature is answered', async () => {
      await test.setPolicy(
        'acme',
        `  - { name: signed, signedBy: { identities: [release] } }
  - { name: built, requireAttestation: { predicateType: "${provenance}", signedBy: [release] } }`,
      )
      // The worker looks for signatures to judge twice in a second: it cannot be first all the time.
      for (const tag of ['a', 'b', 'c', 'd', 'e']) {
        await test.push(repository, tag, { labels: { tag } })
        expect(denied(await pull(tag))).toContain('"signed": not signed by "release"')
        await pushSignature(tag, release)
        expect(denied(await pull(tag))).not.toContain('"signed"')
        await pushSignature(tag, release, { predicateType: provenance, predicate: {} })
        expect(await status(tag)).toBe(200)
      }
    })

    it('an image that is signed just now is promoted with its signature, and said to be signed', async () => {
      const target = `acme/released${number}`
      await test.setPolicy(
        'acme',
        '  - { name: a, on: [pull, promotion], signedBy: { identities: [release] } }',
      )
      for (const tag of ['a', 'b', 'c']) {
        const image = { labels: { promoted: tag } }
        const digest = await test.push(repository, tag, image)
        denied(await test.tryPush(target, tag, image))
        await pushSignature(tag, release)
        expect((await test.tryPush(target, tag, image)).status).toBe(201)
        await pushSignature(tag, security)
        const path = `/repositories/${encodeURIComponent(repository)}/decisions/${tag}`
        const { inputs } = await test.manage<{ inputs: { signatures: object[] } }>('GET', path)
        expect(inputs.signatures).toMatchObject([
          { identity: 'release', on: digest },
          { identity: 'security', on: digest },
        ])
      }
    })

    it('an identity that is removed counts no more from the next pull on', async () => {
      const key = newKey()
      await trust('acme', `temporary${number}`, key)
      await test.push(repository, 'v1')
      await test.setPolicy(
        'acme',
        `  - { name: a, signedBy: { identities: [temporary${number}] } }`,
      )
      await sign('v1', key)
      expect(await status()).toBe(200)
      await test.manage('DELETE', `/projects/acme/trusted-identities/temporary${number}`)
      denied(await pull())
    })

    it('an identity of a project below does not count for a rule above it, whatever its name', async () => {
      repository = `acme/team/app${number}`
      const own = newKey()
      await trust('acme/team', `own${number}`, own)
      await test.push(repository, 'v1')
      await sign('v1', own)
      await test.setPolicy('acme', `  - { name: a, signedBy: { identities: [own${number}] } }`)
      denied(await pull())
      await test.setPolicy('acme', '  []')
      const path = '/projects/acme%2Fteam/policy'
      const document = `apiVersion: berth/v1\nrules:\n  - { name: a, signedBy: { identities: [own${number}] } }\n`
      await test.manage('PUT', path, { document })
      expect(await status()).toBe(200)
      await test.manage('DELETE', path)
    })

    it('a signature on an index counts for what it holds, one on an image for itself alone', async () => {
      const amd = await test.push(repository, 'amd', { architecture: 'amd64' })
      const arm = await test.push(repository, 'arm', { architecture: 'arm64' })
      const entry = (digest: string, architecture: string) => ({
        mediaType: manifestType,
        digest,
        size: 1,
        platform: { os: 'linux', architecture },
      })
      const manifests = [entry(amd, 'amd64'), entry(arm, 'arm64')]
      const index = { schemaVersion: 2, mediaType: indexType, manifests }
      await test.registry.pushManifest(repository, 'all', index, indexType)
      await test.setPolicy('acme', '  - { name: a, signedBy: { identities: [release] } }')
      await sign(amd, release)
      expect([await status(amd), await status(arm), await status('all')]).toEqual([200, 403, 403])
      expect(denied(await pull('all'))).toContain('[linux/arm64]')
      const onIndex = await sign('all', release)
      expect([await status(amd), await status(arm), await status('all')]).toEqual([200, 200, 200])
      await test.registry.send('DELETE', `/v2/${repository}/manifests/${onIndex}`)
      await sign(arm, release)
      expect([await status(amd), await status(arm), await status('all')]).toEqual([200, 200, 200])
    })

    it('requireAttestation wants the type of the predicate and the signer; a signed SBOM counts as one', async () => {
      await test.push(repository, 'v1')
      await test.setPolicy(
        'acme',
        `  - { name: built, requireAttestation: { predicateType: "${provenance}", signedBy: [release] } }`,
      )
      await sign('v1', release)
      await sign('v1', security, { predicateType: provenance, predicate: {} })
      const spdx = {
        predicateType: 'https://spdx.dev/Document',
        predicate: { spdxVersion: 'SPDX-2.3' },
      }
      await sign('v1', release, spdx)
      expect(denied(await pull())).toContain(
        `"built": no attestation ${provenance} signed by "release"`,
      )
      await sign('v1', release, { predicateType: provenance, predicate: {} })
      expect(await status()).toBe(200)
      await test.setPolicy('acme', '  - { name: bom, requireSbom: { formats: [spdx] } }')
      expect(await status()).toBe(200)
      await test.setPolicy('acme', '  - { name: bom, requireSbom: { formats: [cyclonedx] } }')
      expect(denied(await pull())).toContain('"bom": no SBOM (cyclonedx)')
    })

    it('a decision names the signatures that it was found by', async () => {
      const digest = await test.push(repository, 'v1')
      await test.setPolicy('acme', '  - { name: a, signedBy: { identities: [release] } }')
      await sign('v1', release)
      const path = `/repositories/${encodeURIComponent(repository)}/decisions/v1`
      expect(await test.manage('GET', path)).toMatchObject({
        decision: 'allow',
        digest,
        inputs: {
          signatures: [{ identity: 'release', what: 'signature', on: digest }],
          tags: ['v1'],
          policies: [{ project: 'acme', version: expect.any(Number) }],
        },
      })
    })
  })
})
