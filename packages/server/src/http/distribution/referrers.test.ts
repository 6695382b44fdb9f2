import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type Answer,
  artifact,
  digestOf,
  errorCode,
  readJson,
  RegistryClient,
} from '../../testing/http-client.ts'
import { openTestServer, type TestServer } from '../../testing/open-test-server.ts'

let server: TestServer
let client: RegistryClient
const repository = 'demo/signed'
const imageType = 'application/vnd.oci.image.manifest.v1+json'
const subjectText = JSON.stringify(artifact({ annotations: { role: 'subject' } }))
const subject = { mediaType: imageType, digest: digestOf(subjectText), size: subjectText.length }
const path = `/v2/${repository}/referrers/${subject.digest}`

beforeAll(async () => {
  server = await openTestServer()
  client = new RegistryClient(server.url, server.admin)
  await client.pushBlob(repository, '{}')
  await client.pushManifest(repository, 'signed', subjectText)
  for (const artifactType of [
    'application/signature',
    'application/sbom',
    'application/vex+json',
  ]) {
    const text = JSON.stringify(artifact({ artifactType, subject, annotations: { artifactType } }))
    const pushed = await client.pushManifest(repository, digestOf(text), text)
    expect(pushed.status).toBe(201)
  }
})
afterAll(() => server.close())

type Index = {
  schemaVersion: number
  mediaType: string
  manifests: { artifactType: string; annotations: Record<string, string>; size: number }[]
}

function typesOf(answer: Answer): string[] {
  const index = readJson<Index>(answer)
  return index.manifests.map((entry) => entry.artifactType).toSorted()
}

describe('referrers', () => {
  it('end-12 GET: is an index of what refers to the manifest, in the exact media type', async () => {
    const answer = await client.send('GET', path)
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('application/vnd.oci.image.index.v1+json')
    expect(answer.headers['oci-filters-applied']).toBeUndefined()
    const index = readJson<Index>(answer)
    expect(index).toMatchObject({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
    })
    expect(index.manifests).toHaveLength(3)
    for (const entry of index.manifests) {
      expect(entry).toMatchObject({
        mediaType: imageType,
        annotations: { artifactType: entry.artifactType },
      })
    }
  })

  it('end-12 GET: is filtered by one type, or by any of several', async () => {
    const one = await client.send('GET', `${path}?artifactType=application/sbom`)
    expect(typesOf(one)).toEqual(['application/sbom'])
    expect(one.headers['oci-filters-applied']).toBe('artifactType')
    const two = await client.send(
      'GET',
      `${path}?artifactType=application/sbom&artifactType=application%2Fvex%2Bjson`,
    )
    expect(typesOf(two)).toEqual(['application/sbom', 'application/vex+json'])
    const none = await client.send('GET', `${path}?artifactType=application/none`)
    expect(typesOf(none)).toEqual([])
    expect(none.headers['oci-filters-applied']).toBe('artifactType')
  })

  it.each([
    ['manifest', `/v2/${repository}/referrers/sha256:${'0'.repeat(64)}`],
    ['repository', `/v2/demo/never/referrers/sha256:${'0'.repeat(64)}`],
  ])('end-12 GET: an unknown %s has none', async (_, unknown) => {
    const answer = await client.send('GET', unknown)
    expect(answer.status).toBe(200)
    expect(typesOf(answer)).toEqual([])
  })

  it('end-12 GET: a malformed digest answers 400', async () => {
    const answer = await client.send('GET', `/v2/${repository}/referrers/latest`)
    expect(answer.status).toBe(400)
    expect(errorCode(answer)).toBe('DIGEST_INVALID')
  })
})
