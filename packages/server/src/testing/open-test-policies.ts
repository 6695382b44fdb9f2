import type { Clock } from '../registry/grace.ts'
import { type Answer, digestOf, RegistryClient } from './http-client.ts'
import type { testDatabases } from './open-test-databases.ts'
import { openTestNodes, type TestNodes } from './open-test-nodes.ts'

const password = 'heron basalt umbrella'

export type TestPolicies = TestNodes & {
  /** May pull and not push. */
  readonly reader: RegistryClient
  readonly readerName: string
  /** May push. */
  readonly developer: RegistryClient
  /** Sets the policy of a project (`''`: of the instance) from the lines below `rules:`. */
  setPolicy(project: string, rules: string): Promise<void>
  /** Pushes an image and returns its digest; throws unless it was taken. */
  push(repository: string, tag: string, image?: TestImage, client?: RegistryClient): Promise<string>
  /** As `push`, whatever the answer. */
  tryPush(
    repository: string,
    tag: string,
    image?: TestImage,
    client?: RegistryClient,
  ): Promise<Answer>
  pull(repository: string, reference: string, method?: 'GET' | 'HEAD'): Promise<Answer>
}

export type TestImage = {
  readonly user?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly created?: string
  readonly architecture?: string
  readonly layers?: readonly string[]
  readonly annotations?: Readonly<Record<string, string>>
}

/** A Berth with the private project `acme`, a reader and a developer of it. */
export async function openTestPolicies(
  engine: (typeof testDatabases)[number],
  parts: { clock?: Clock } = {},
): Promise<TestPolicies> {
  const nodes = await openTestNodes(engine, {}, parts)
  const { manage, registry, first } = nodes
  await manage('POST', '/projects', { name: 'acme', visibility: 'private' })
  for (const role of ['reader', 'developer'] as const) {
    await manage('POST', '/users', { name: role, password })
    await manage('PUT', `/projects/acme/members/user/${role}`, { role })
  }
  const reader = new RegistryClient(first.url, { name: 'reader', password })
  const developer = new RegistryClient(first.url, { name: 'developer', password })
  const tryPush: TestPolicies['tryPush'] = async (
    repository,
    tag,
    image = {},
    client = registry,
  ) => {
    const { manifest, blobs } = imageOf(image)
    for (const blob of blobs) await client.pushBlob(repository, blob)
    return client.pushManifest(repository, tag, manifest)
  }
  return {
    ...nodes,
    reader,
    readerName: 'reader',
    developer,
    async setPolicy(project, rules) {
      const path = project === '' ? '/system/policy' : `/projects/${project}/policy`
      await manage('PUT', path, { document: `apiVersion: berth/v1\nrules:\n${rules}\n` })
    },
    tryPush,
    async push(...args) {
      const answer = await tryPush(...args)
      if (answer.status !== 201) throw new Error(`${answer.status} ${answer.body.toString()}`)
      return String(answer.headers['docker-content-digest'])
    },
    pull: (repository, reference, method = 'GET') =>
      reader.send(method, `/v2/${repository}/manifests/${reference}`),
  }
}

/** An image manifest and the blobs that it needs. */
export function imageOf(image: TestImage): { manifest: object; blobs: string[] } {
  const config = JSON.stringify({
    architecture: image.architecture ?? 'amd64',
    os: 'linux',
    ...(image.created !== undefined && { created: image.created }),
    config: {
      ...(image.user !== undefined && { User: image.user }),
      Labels: image.labels ?? {},
    },
    rootfs: { type: 'layers', diff_ids: [] },
  })
  const layers = image.layers ?? ['layer']
  const descriptor = (mediaType: string, text: string) => ({
    mediaType,
    digest: digestOf(text),
    size: Buffer.byteLength(text),
  })
  return {
    blobs: [config, ...layers],
    manifest: {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: descriptor('application/vnd.oci.image.config.v1+json', config),
      layers: layers.map((text) => descriptor('application/vnd.oci.image.layer.v1.tar', text)),
      ...(image.annotations && { annotations: image.annotations }),
    },
  }
}
