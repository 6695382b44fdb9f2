import type { ErrorEnvelope } from '@berth/oci/error-code.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type Answer,
  artifact,
  digestOf,
  readJson,
  RegistryClient,
} from '../../testing/http-client.ts'
import { testDatabases } from '../../testing/open-test-databases.ts'
import { imageOf, openTestPolicies, type TestPolicies } from '../../testing/open-test-policies.ts'

const indexType = 'application/vnd.oci.image.index.v1+json'

function denied(answer: Answer): { message: string; detail: unknown } {
  expect(answer.status).toBe(403)
  const [error] = readJson<ErrorEnvelope>(answer).errors
  expect(error?.code).toBe('DENIED')
  return { message: error?.message ?? '', detail: error?.detail }
}

describe.each(testDatabases)('policies at the registry on $name', (engine) => {
  describe.skipIf(!engine.available)('policies at the registry', () => {
    let test: TestPolicies
    let number = 0
    let repository = ''

    beforeAll(async () => {
      test = await openTestPolicies(engine)
    })
    afterAll(() => test.close())
    beforeEach(async () => {
      number += 1
      repository = `acme/app${number}`
      await test.setPolicy('acme', '  []')
    })

    it('a blocked pull is 403 DENIED with the whole reason, by tag and by digest', async () => {
      const digest = await test.push(repository, 'v1')
      expect((await test.pull(repository, 'v1')).status).toBe(200)
      await test.setPolicy('acme', '  - { name: no-root, notRoot: true }')
      for (const reference of ['v1', digest]) {
        const { message, detail } = denied(await test.pull(repository, reference))
        expect(message).toMatch(
          /^blocked by Berth policy "no-root": runs as root \(no user is set\)\. Details: http:\/\//,
        )
        expect(message.length).toBeLessThan(1024)
        expect(detail).toBe(
          `${test.first.url}/api/v1/repositories/${encodeURIComponent(repository)}/decisions/${digest}`,
        )
      }
    })

    it('a change of the policy holds for the next pull, on every node, and its removal too', async () => {
      await test.push(repository, 'v1')
      for (const rules of [
        '  - { name: a, notRoot: true }',
        '  []',
        '  - { name: b, notRoot: true }',
      ]) {
        await test.setPolicy('acme', rules)
        for (const { url } of test.nodes) {
          const reader = new RegistryClient(url, {
            name: 'reader',
            password: 'heron basalt umbrella',
          })
          const answer = await reader.send('GET', `/v2/${repository}/manifests/v1`)
          expect(answer.status).toBe(rules === '  []' ? 200 : 403)
        }
      }
      await test.manage('DELETE', '/projects/acme/policy')
      expect((await test.pull(repository, 'v1')).status).toBe(200)
    })

    it('HEAD is 403 for who may only pull, and passes for who may push, who can push what mends it', async () => {
      await test.push(repository, 'v1')
      await test.setPolicy('acme', '  - { name: no-root, notRoot: true }')
      const refused = await test.pull(repository, 'v1', 'HEAD')
      expect(refused.status).toBe(403)
      expect(refused.statusMessage).toContain('blocked by Berth policy "no-root"')
      const path = `/v2/${repository}/manifests/v1`
      expect((await test.developer.send('HEAD', path)).status).toBe(200)
      denied(await test.developer.send('GET', path))
      await test.push(repository, 'v1', { user: '1000' }, test.developer)
      expect((await test.pull(repository, 'v1')).status).toBe(200)
      expect((await test.pull(repository, 'v1', 'HEAD')).status).toBe(200)
    })

    it('a program that signs may read what is blocked for whoever could push, and for nobody else', async () => {
      await test.push(repository, 'v1')
      await test.setPolicy('acme', '  - { name: signed, signedBy: { identities: [release] } }')
      const path = `/v2/${repository}/manifests/v1`
      const as = (agent: string) => ({ headers: { 'user-agent': agent } })
      const cosign = as('cosign/v3.0.2 (linux; amd64)')
      denied(await test.developer.send('GET', path))
      denied(await test.developer.send('GET', path, as('docker/29.0.0 cosign/v3')))
      expect((await test.developer.send('GET', path, cosign)).status).toBe(200)
      denied(await test.reader.send('GET', path, cosign))
      // Its token is for pulling alone at that moment.
      const scope = `repository:${repository}:pull`
      for (const [client, status] of [
        [test.developer, 200],
        [test.reader, 403],
      ] as const) {
        const granted = await client.send('GET', `/token?scope=${scope}`)
        const { token } = readJson<{ token: string }>(granted)
        const answer = await new RegistryClient(test.first.url).send('GET', path, {
          headers: { ...cosign.headers, authorization: `Bearer ${token}` },
        })
        expect(answer.status).toBe(status)
      }
      expect((await test.reader.send('HEAD', path, cosign)).status).toBe(403)
    })

    it('a push reads back what it has pushed, by digest and with its token; a pull of the same people does not', async () => {
      const digest = await test.push(repository, 'v1')
      await test.setPolicy('acme', '  - { name: no-root, notRoot: true }')
      const [byDigest, byTag] = [digest, 'v1'].map((at) => `/v2/${repository}/manifests/${at}`)
      const get = async (client: RegistryClient, actions: string, path = byDigest ?? '') => {
        const scope = `repository:${repository}:${actions}`
        const { token } = readJson<{ token: string }>(
          await client.send('GET', `/token?scope=${scope}`),
        )
        const headers = { authorization: `Bearer ${token}` }
        return new RegistryClient(test.first.url).send('GET', path, { headers })
      }
      expect((await get(test.developer, 'pull,push')).status).toBe(200)
      denied(await get(test.developer, 'pull'))
      denied(await get(test.developer, 'pull,push', byTag))
      denied(await get(test.reader, 'pull,push'))
      denied(await test.developer.send('GET', byDigest ?? ''))
      // Written every few seconds.
      await expect
        .poll(
          async () => JSON.stringify(await test.manage('GET', '/audit?action=policy.audited')),
          {
            timeout: 15_000,
          },
        )
        .toContain('passed to who pushes: blocked by Berth policy')
    })

    it('an answer that the client has already is judged like any other', async () => {
      const digest = await test.push(repository, 'v1')
      await test.setPolicy('acme', '  - { name: no-root, notRoot: true }')
      const answer = await test.reader.send('GET', `/v2/${repository}/manifests/v1`, {
        headers: { 'if-none-match': `"${digest}"` },
      })
      denied(answer)
    })

    it('blobs are not gated, and who may not pull learns nothing', async () => {
      await test.push(repository, 'v1')
      await test.setPolicy('acme', '  - { name: no-root, notRoot: true }')
      const blob = await test.reader.send('GET', `/v2/${repository}/blobs/${digestOf('layer')}`)
      expect(blob.status).toBe(200)
      await test.manage('POST', '/users', {
        name: `stranger${number}`,
        password: 'heron basalt umbrella',
      })

      const stranger = new RegistryClient(test.first.url, {
        name: `stranger${number}`,
        password: 'heron basalt umbrella',
      })
      const answer = await stranger.send('GET', `/v2/${repository}/manifests/v1`)
      expect(answer.body.toString()).not.toContain('no-root')
      const why = await stranger.send(
        'GET',
        `/api/v1/repositories/${encodeURIComponent(repository)}/decisions/v1`,
      )
      expect(why.status).toBe(404)
    })

    it('warn adds a Warning header to pull and push, audit adds nothing; both are in the audit log', async () => {
      await test.setPolicy(
        'acme',
        '  - { name: soft, mode: warn, on: [push, pull], notRoot: true }\n  - { name: quiet, mode: audit, maximumLayers: { layers: 1 } }',
      )
      const pushed = await test.tryPush(repository, 'v1', { layers: ['a', 'b'] })
      expect(pushed.status).toBe(201)
      expect(pushed.headers['warning']).toMatch(
        /^299 - "breaks Berth policy \\"soft\\": runs as root/,
      )
      const pulled = await test.pull(repository, 'v1')
      expect(pulled.status).toBe(200)
      expect(pulled.headers['warning']).toMatch(/^299 - "breaks Berth policy \\"soft\\"/)
      expect(pulled.headers['warning']).not.toContain('quiet')
    })

    it('a push is refused with the reason when a rule for pushes is broken, and nothing is kept', async () => {
      await test.setPolicy(
        'acme',
        `  - { name: small, on: [push], maximumSize: { size: 200B } }
  - { name: few, on: [push], maximumLayers: { layers: 2 } }
  - { name: no-root, on: [push], notRoot: true }
  - { name: owned, on: [push], requiredLabels: { labels: [owner] } }
  - { name: ours, on: [push], allowedBaseImages: { images: ["docker.io/library/debian:*"] } }`,
      )
      const bad = { layers: ['x'.repeat(300), 'b', 'c'], user: '0:0' }
      const { message } = denied(await test.tryPush(repository, 'v1', bad))
      for (const part of ['"small"', '"few"', '"no-root"', '"owned"', '"ours"']) {
        expect(message).toContain(part)
      }
      expect((await test.pull(repository, 'v1')).status).toBe(404)
      const good = {
        user: 'app',
        labels: { owner: 'us' },
        layers: ['y'],
        annotations: { 'org.opencontainers.image.base.name': 'docker.io/library/debian:12' },
      }
      expect((await test.tryPush(repository, 'v1', good)).status).toBe(201)
      expect((await test.pull(repository, 'v1')).status).toBe(200)
    })

    it('a rule with tags holds for what the tag points at, and follows it', async () => {
      await test.setPolicy('acme', '  - { name: releases, tags: ["v*"], notRoot: true }')
      const digest = await test.push(repository, 'edge')
      expect((await test.pull(repository, digest)).status).toBe(200)
      const { manifest } = imageOf({})
      await test.registry.pushManifest(repository, 'v1', manifest)
      denied(await test.pull(repository, digest))
      denied(await test.pull(repository, 'edge'))
      const removed = await test.registry.send('DELETE', `/v2/${repository}/manifests/v1`)
      expect(removed.status).toBe(202)
      expect((await test.pull(repository, digest)).status).toBe(200)
    })

    it('an index is judged by its worst image, and each image by itself', async () => {
      await test.setPolicy('acme', '  - { name: no-root, notRoot: true }')
      const good = await test.push(repository, 'good', { user: '1', architecture: 'amd64' })
      const bad = await test.push(repository, 'bad', { architecture: 'arm64' })
      const entry = (digest: string, architecture: string) => ({
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest,
        size: 1,
        platform: { os: 'linux', architecture },
      })
      const index = {
        schemaVersion: 2,
        mediaType: indexType,
        manifests: [entry(good, 'amd64'), entry(bad, 'arm64')],
      }
      await test.registry.pushManifest(repository, 'all', index, indexType)
      expect(denied(await test.pull(repository, 'all')).message).toContain('[linux/arm64]')
      expect((await test.pull(repository, good)).status).toBe(200)
      denied(await test.pull(repository, bad))
      await test.setPolicy('acme', '  - { name: a, platforms: [linux/amd64], notRoot: true }')
      expect((await test.pull(repository, 'all')).status).toBe(200)
      expect((await test.pull(repository, bad)).status).toBe(200)
    })

    it('signatures and other attachments are never gated, but an image in their clothes is', async () => {
      const digest = await test.push(repository, 'v1')
      await test.setPolicy('acme', '  - { name: signed, signedBy: { identities: [release] } }')
      expect(denied(await test.pull(repository, 'v1')).message).toContain('not signed by "release"')
      const subject = {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest,
        size: 1,
      }
      await test.registry.pushBlob(repository, '{}')
      const sbom = artifact({ artifactType: 'application/spdx+json', subject })
      const pushed = await test.registry.pushManifest(repository, 'sbom', sbom)
      expect(pushed.status).toBe(201)
      expect((await test.pull(repository, 'sbom')).status).toBe(200)
      const { manifest } = imageOf({})
      const disguised = { ...manifest, subject }
      const tag = `${digest.replace(':', '-')}.sig`
      expect((await test.registry.pushManifest(repository, tag, disguised)).status).toBe(201)
      denied(await test.pull(repository, tag))
    })

    it('an SBOM that is attached later mends the pull', async () => {
      const digest = await test.push(repository, 'v1')
      await test.setPolicy('acme', '  - { name: bom, requireSbom: { formats: [spdx] } }')
      denied(await test.pull(repository, 'v1'))
      const subject = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: 1 }
      await test.registry.pushBlob(repository, '{}')
      const sbom = artifact({ artifactType: 'application/spdx+json', subject })
      await test.registry.pushManifest(repository, digestOf(JSON.stringify(sbom)), sbom)
      expect((await test.pull(repository, 'v1')).status).toBe(200)
    })

    it('promotion: a copy from another repository and a further tag are judged, the first push is not', async () => {
      await test.setPolicy(
        'acme',
        '  - { name: gate, on: [promotion], repositories: ["acme/prod*"], notRoot: true }',
      )
      const prod = `acme/prod${number}`
      await test.push(repository, 'v1')
      denied(await test.tryPush(prod, 'v1'))
      const own = { labels: { only: prod } }
      await test.push(prod, 'first', own)
      await test.push(prod, 'first', own)
      denied(await test.tryPush(prod, 'second', own))
      await test.push(repository, 'ok', { user: '7' })
      await test.push(prod, 'ok', { user: '7' })
    })

    it('an exception lets pass until its end, and cannot open what a project above closes', async () => {
      await test.push(repository, 'v1')
      await test.setPolicy('acme', '  - { name: no-root, notRoot: true }')
      denied(await test.pull(repository, 'v1'))
      const endsAt = new Date(Date.now() + 3_600_000).toISOString()
      const input = { rule: 'no-root', reason: 'the vendor mends it', endsAt }
      const { id } = await test.manage<{ id: string }>(
        'POST',
        '/projects/acme/policy-exceptions',
        input,
      )
      expect((await test.pull(repository, 'v1')).status).toBe(200)
      await test.manage('DELETE', `/projects/acme/policy-exceptions/${id}`)
      denied(await test.pull(repository, 'v1'))
      await test.setPolicy('acme', '  []')
      await test.setPolicy(
        '',
        `  - { name: no-root, repositories: ["${repository}"], notRoot: true }`,
      )
      await test.manage('POST', '/projects/acme/policy-exceptions', input)
      denied(await test.pull(repository, 'v1'))
      await test.manage('POST', '/system/policy-exceptions', input)
      expect((await test.pull(repository, 'v1')).status).toBe(200)
      await test.manage('DELETE', '/system/policy')
    })

    it('lists the exceptions of all projects, of the instance, and for a vulnerability', async () => {
      const endsAt = new Date(Date.now() + 3_600_000).toISOString()
      const input = { vulnerability: 'CVE-2026-0077', reason: 'the vendor mends it', endsAt }
      await test.manage('POST', '/projects/acme/policy-exceptions', input)
      await test.manage('POST', '/system/policy-exceptions', input)
      const places = async (query: string) => {
        const path = `/system/policy-exceptions?${query}&limit=100`
        const { items } = await test.manage<{
          items: { project: string; vulnerability: string | null }[]
        }>('GET', path)
        return items
      }
      const found = await places('vulnerability=cve-2026-0077')
      expect(found.map(({ project }) => project)).toEqual(['', 'acme'])
      const ofInstance = await places('scope=instance')
      expect(new Set(ofInstance.map(({ project }) => project))).toEqual(new Set(['']))
      expect(await places('vulnerability=CVE-2026-0078')).toEqual([])
    })
  })
})
