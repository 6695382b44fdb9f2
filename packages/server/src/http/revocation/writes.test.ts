import { once } from 'node:events'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { artifact, ask, basic, digestOf, RegistryClient } from '../../testing/http-client.ts'
import { testDatabases } from '../../testing/open-test-databases.ts'
import { openTestNodes, type TestNodes } from '../../testing/open-test-nodes.ts'

const password = 'heron basalt umbrella'
const bytes = 'bytes of a layer'
const digest = digestOf(bytes)

type Writer = {
  readonly project: string
  readonly name: string
  readonly headers: Record<string, string>
  revoke(): Promise<unknown>
}

/** What was begun while it was allowed is not finished once it is not: the right is asked for where it is committed. */
describe.each(testDatabases)('a write that was begun, on $name', (engine) => {
  describe.skipIf(!engine.available)('after the right to it was taken away', () => {
    let test: TestNodes
    let count = 0
    beforeAll(async () => {
      test = await openTestNodes(engine)
    })
    afterAll(() => test.close())

    const kinds: [string, () => Promise<Writer>][] = [
      ['by removing the member', removedMember],
      ['by lowering the role', demotedMember],
      ['by narrowing the robot', narrowedRobot],
      ['by revoking the key', revokedKey],
    ]

    describe.each(kinds)('%s', (_, makeWriter) => {
      it('an upload session takes no more bytes, and is not committed', async () => {
        const writer = await makeWriter()
        const { project, headers } = writer
        const [node] = test.nodes
        const start = () =>
          ask(node!.url, { method: 'POST', path: `/v2/${project}/app/blobs/uploads/`, headers })
        const [empty, whole] = [await start(), await start()]
        const filled = await ask(node!.url, {
          method: 'PATCH',
          path: String(whole.headers.location),
          headers,
          body: bytes,
        })
        expect(filled.status).toBe(202)
        await writer.revoke()
        for (const { url } of test.nodes) {
          const answers = await Promise.all([
            ask(url, {
              method: 'PATCH',
              path: String(empty.headers.location),
              headers,
              body: bytes,
            }),
            ask(url, {
              method: 'PUT',
              path: `${String(filled.headers.location)}&digest=${digest}`,
              headers,
            }),
            ask(url, { path: String(filled.headers.location), headers }),
            ask(url, { method: 'DELETE', path: String(filled.headers.location), headers }),
          ])
          for (const { status } of answers) expect([401, 403]).toContain(status)
        }
        await expectMissing(`/v2/${project}/app/blobs/${digest}`)
      })

      it('nothing is mounted, uploaded or tagged', async () => {
        const writer = await makeWriter()
        const { project, headers } = writer
        await test.registry.pushBlob(`${project}/source`, bytes)
        await test.registry.pushBlob(`${project}/app`, '{}')
        await writer.revoke()
        const uploads = `/v2/${project}/app/blobs/uploads/`
        for (const { url } of test.nodes) {
          const answers = await Promise.all([
            ask(url, {
              method: 'POST',
              path: `${uploads}?mount=${digest}&from=${project}/source`,
              headers,
            }),
            ask(url, {
              method: 'POST',
              path: `${uploads}?digest=${digest}`,
              headers,
              body: bytes,
            }),
            ask(url, {
              method: 'PUT',
              path: `/v2/${project}/app/manifests/v1`,
              headers: { ...headers, 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
              body: JSON.stringify(artifact()),
            }),
          ])
          for (const { status } of answers) expect([401, 403]).toContain(status)
        }
        await expectMissing(`/v2/${project}/app/blobs/${digest}`)
        await expectMissing(`/v2/${project}/app/manifests/v1`)
      })

      it('a body that is half way through is not stored', async () => {
        const writer = await makeWriter()
        const { project, headers } = writer
        await test.registry.pushBlob(`${project}/app`, '{}')
        const manifest = JSON.stringify(artifact())
        const blob = await begin(test.nodes[0]!.url, {
          method: 'POST',
          path: `/v2/${project}/app/blobs/uploads/?digest=${digest}`,
          headers,
          body: bytes,
        })
        const tag = await begin(test.nodes.at(-1)!.url, {
          method: 'PUT',
          path: `/v2/${project}/app/manifests/v1`,
          headers: { ...headers, 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
          body: manifest,
        })
        await writer.revoke()
        expect([401, 403]).toContain(await blob.finish())
        expect([401, 403]).toContain(await tag.finish())
        await expectMissing(`/v2/${project}/app/blobs/${digest}`)
        await expectMissing(`/v2/${project}/app/manifests/v1`)
      })
    })

    it('of the source, a mount takes nothing from there', async () => {
      const { project, name, headers } = await removedMember()
      const source = `${project}-source`
      await test.manage('POST', '/projects', { name: source })
      await test.manage('PUT', `/projects/${source}/members/user/${name}`, { role: 'reader' })
      await test.registry.pushBlob(`${source}/app`, bytes)
      const mount = (server: { url: string }, target: string) =>
        ask(server.url, {
          method: 'POST',
          path: `/v2/${project}/${target}/blobs/uploads/?mount=${digest}&from=${source}/app`,
          headers,
        })
      for (const node of test.nodes) expect((await mount(node, 'before')).status).toBe(201)
      await test.manage('DELETE', `/projects/${source}/members/user/${name}`)
      for (const node of test.nodes) expect((await mount(node, 'after')).status).toBe(202)
      await expectMissing(`/v2/${project}/after/blobs/${digest}`)
    })

    it('a tag is moved no longer by a robot that may only create', async () => {
      const { project, headers, revoke } = await makeRobot(
        ['pull', 'push', 'createTag', 'moveTag'],
        ['pull', 'push', 'createTag'],
      )
      await test.registry.pushBlob(`${project}/app`, '{}')
      const put = (server: { url: string }, annotation: string) =>
        ask(server.url, {
          method: 'PUT',
          path: `/v2/${project}/app/manifests/latest`,
          headers: { ...headers, 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
          body: JSON.stringify(artifact({ annotations: { annotation } })),
        })
      for (const [index, node] of test.nodes.entries()) {
        expect((await put(node, `before ${index}`)).status).toBe(201)
      }
      await revoke()
      for (const node of test.nodes) expect((await put(node, 'after')).status).toBe(403)
      const latest = await test.registry.send('GET', `/v2/${project}/app/manifests/latest`)
      expect(latest.body.toString()).toContain(`before ${test.nodes.length - 1}`)
    })

    it('no answer that was kept is given again: for an idempotency key, or as not modified', async () => {
      const { project, name, headers } = await removedMember()
      const member = `/projects/${project}/members/user/${name}`
      await test.manage('PUT', member, { role: 'maintainer' })
      const create = (server: { url: string }) =>
        ask(server.url, {
          method: 'POST',
          path: `/api/v1/projects/${project}/immutability-rules`,
          headers: {
            ...headers,
            'content-type': 'application/json',
            'idempotency-key': 'the-same',
          },
          body: '{"effect":"immutable","repositories":"**","tags":"v*"}',
        })
      const [node] = test.nodes
      const first = await create(node!)
      expect(first.status).toBe(201)
      const path = `/api/v1/projects/${project}`
      const { etag = '' } = (await ask(node!.url, { path, headers })).headers
      const again = (server: { url: string }) =>
        ask(server.url, { path, headers: { ...headers, 'if-none-match': etag } })
      for (const each of test.nodes) {
        expect((await create(each)).headers['idempotency-replayed']).toBe('true')
        expect((await again(each)).status).toBe(304)
      }
      await test.manage('DELETE', member)
      for (const each of test.nodes) {
        expect((await create(each)).status).toBe(404)
        expect((await again(each)).status).toBe(404)
      }
    })

    async function makeProject(): Promise<{ project: string; name: string }> {
      count += 1
      const project = `project-${count}`
      await test.manage('POST', '/projects', { name: project })
      return { project, name: `writer-${count}` }
    }

    async function makeMember(revoke: (path: string) => Promise<unknown>): Promise<Writer> {
      const { project, name } = await makeProject()
      await test.manage('POST', '/users', { name, password })
      const path = `/projects/${project}/members/user/${name}`
      await test.manage('PUT', path, { role: 'developer' })
      const headers = { authorization: basic(name, password) }
      return { project, name, headers, revoke: () => revoke(path) }
    }

    function removedMember(): Promise<Writer> {
      return makeMember((path) => test.manage('DELETE', path))
    }

    function demotedMember(): Promise<Writer> {
      return makeMember((path) => test.manage('PUT', path, { role: 'reader' }))
    }

    async function revokedKey(): Promise<Writer> {
      const writer = await makeMember(async () => undefined)
      const { key, secret } = await test.manage<{ key: { id: string }; secret: string }>(
        'POST',
        '/account/keys',
        { name: 'key' },
        writer.headers,
      )
      return {
        ...writer,
        headers: { authorization: basic(writer.name, secret) },
        revoke: () => test.manage('DELETE', `/users/${writer.name}/keys/${key.id}`),
      }
    }

    function narrowedRobot(): Promise<Writer> {
      return makeRobot(['pull', 'push', 'createTag'], ['pull'])
    }

    async function makeRobot(before: string[], after: string[]): Promise<Writer> {
      const { project, name } = await makeProject()
      const { robot, secret } = await test.manage<{
        robot: { id: string; login: string }
        secret: string
      }>('POST', `/projects/${project}/robots`, { name: 'ci', actions: before })
      return {
        project,
        name,
        headers: { authorization: basic(robot.login, secret) },
        revoke: () =>
          test.manage('PATCH', `/projects/${project}/robots/${robot.id}`, { actions: after }),
      }
    }

    async function expectMissing(path: string): Promise<void> {
      const { url, admin } = test.nodes.at(-1)!
      expect((await new RegistryClient(url, admin).send('HEAD', path)).status).toBe(404)
    }
  })
})

/** Sends the request but for the last byte of its body; the server has taken hold of it by then. */
async function begin(
  base: string,
  asked: { method: string; path: string; headers: Record<string, string>; body: string },
): Promise<{ finish(): Promise<number> }> {
  const { method, path, body } = asked
  const headers = {
    ...asked.headers,
    'content-length': Buffer.byteLength(body),
    expect: '100-continue',
  }
  const outgoing = request(new URL(path, base), { method, headers, agent: false })
  const answered = once(outgoing, 'response') as Promise<[{ statusCode: number; resume(): void }]>
  outgoing.flushHeaders()
  // The server asks for the body once it has let the caller in.
  await once(outgoing, 'continue')
  outgoing.write(body.slice(0, -1))
  return {
    async finish() {
      outgoing.end(body.slice(-1))
      const [answer] = await answered
      answer.resume()
      return answer.statusCode
    },
  }
}
