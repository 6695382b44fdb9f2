import { type Trial, expectBytes, expectError, expectHeader, expectStatus } from '../check.ts'
import {
  addQuery,
  algorithms,
  blobPath,
  digestOf,
  freshBytes,
  locationOf,
  pushBlob,
  uploadsPath,
} from '../content.ts'
import type { Answer, Registry } from '../registry.ts'

const source = 'conformance/mount-source'
const target = 'conformance/mount-target'
const pullSource = [`repository:${source}:pull`]

/** spec end-11: mounting a blob from another repository, and all that makes it an upload session instead. */
export async function checkBlobMounts(trial: Trial): Promise<void> {
  const { check, registry } = trial
  for (const algorithm of algorithms) {
    await check(`mount with from makes the blob a member, ${algorithm}`, async () => {
      const bytes = freshBytes(512)
      const mount = await pushBlob(registry, source, bytes, algorithm)
      await expectMounted(registry, { mount, from: source }, bytes)
      await expectBlobDeletedHereOnly(registry, mount)
    })
    await check(`mount without from finds the blob, ${algorithm}`, async () => {
      const bytes = freshBytes(512)
      const mount = await pushBlob(registry, source, bytes, algorithm)
      await expectMounted(registry, { mount }, bytes)
    })
    await check(`mount of a blob that is nowhere opens a session, ${algorithm}`, async () => {
      const bytes = freshBytes(512)
      const mount = digestOf(bytes, algorithm)
      await expectUsableSession(registry, { mount, from: source }, bytes)
      const more = freshBytes(512)
      await expectUsableSession(registry, { mount: digestOf(more, algorithm) }, more)
    })
  }
  const bytes = freshBytes(64)
  for (const [title, query] of [
    ['a source that does not exist', { from: 'conformance/nowhere' }],
    ['a source that is no name', { from: 'Not//A_Name' }],
    ['an empty source', { from: '' }],
  ] as const) {
    await check(`mount from ${title} opens a session`, () =>
      expectUsableSession(registry, { mount: digestOf(bytes), ...query }, bytes),
    )
  }
  await check('mount of something that is no digest opens a session', async () => {
    expectStatus(await mountBlob(registry, { mount: 'sha256:bad', from: source }), 202)
  })
  await check('mount with raw and with escaped parameters', async () => {
    const content = freshBytes(512)
    const digest = await pushBlob(registry, source, content)
    const escaped = `mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(source)}`
    for (const query of [`mount=${digest}&from=${source}`, escaped]) {
      const path = `${uploadsPath(target)}?${query}&origin=registry.example`
      const answer = await registry.ask('POST', path, { scopes: pullSource })
      expectStatus(answer, 201)
    }
  })
  await check('a blob is a member only where it was pushed or mounted', async () => {
    const digest = await pushBlob(registry, source, freshBytes(512))
    for (const method of ['GET', 'HEAD', 'DELETE']) {
      expectError(await registry.ask(method, blobPath(target, digest)), 404, 'BLOB_UNKNOWN')
    }
  })
  if (registry.user === undefined) return
  await check(
    'a client that asks for the source only when challenged mounts all the same',
    async () => {
      const bytes = freshBytes(512)
      const mount = await pushBlob(registry, source, bytes)
      const answer = await registry.ask(
        'POST',
        addQuery(uploadsPath(target), { mount, from: source }),
      )
      expectStatus(answer, 201)
      expectBytes(await registry.ask('HEAD', blobPath(target, mount)), bytes)
    },
  )
}

/** Asks as docker, containerd, podman, crane and oras do: with a token that may pull the source as well. */
function mountBlob(registry: Registry, query: Record<string, string>): Promise<Answer> {
  return registry.ask('POST', addQuery(uploadsPath(target), query), { scopes: pullSource })
}

async function expectMounted(
  registry: Registry,
  query: { mount: string; from?: string },
  bytes: Buffer,
): Promise<void> {
  const answer = await mountBlob(registry, query)
  expectStatus(answer, 201)
  expectHeader(answer, 'docker-content-digest', query.mount)
  const got = await registry.ask('GET', locationOf(registry, answer))
  expectStatus(got, 200)
  expectBytes(got, bytes)
  expectBytes(await registry.ask('HEAD', blobPath(target, query.mount)), bytes)
}

async function expectUsableSession(
  registry: Registry,
  query: { mount: string; from?: string },
  bytes: Buffer,
): Promise<void> {
  const answer = await mountBlob(registry, query)
  expectStatus(answer, 202)
  expectHeader(answer, 'range', '0-0')
  const path = addQuery(locationOf(registry, answer), { digest: query.mount })
  expectStatus(await registry.ask('PUT', path, { body: bytes }), 201)
  expectBytes(await registry.ask('GET', blobPath(target, query.mount)), bytes)
  expectStatus(await registry.ask('DELETE', blobPath(target, query.mount)), 202)
}

async function expectBlobDeletedHereOnly(registry: Registry, digest: string): Promise<void> {
  expectStatus(await registry.ask('DELETE', blobPath(target, digest)), 202)
  expectError(await registry.ask('HEAD', blobPath(target, digest)), 404, 'BLOB_UNKNOWN')
  expectStatus(await registry.ask('HEAD', blobPath(source, digest)), 200)
}
