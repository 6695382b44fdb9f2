import { readChallenge } from '../bearer.ts'
import {
  type Trial,
  expect,
  expectBytes,
  expectError,
  expectHeader,
  expectStatus,
} from '../check.ts'
import { blobPath, digestOf, manifestPath, openSession, uploadsPath } from '../content.ts'

const repository = 'conformance/base'

/** spec end-1, methods and paths that are none, and the challenge to a caller without credentials. */
export async function checkBase(trial: Trial): Promise<void> {
  const { check, registry } = trial
  for (const path of ['/v2/', '/v2']) {
    for (const method of ['GET', 'HEAD']) {
      await check(`end-1 ${method} ${path} answers`, async () => {
        const answer = await registry.ask(method, path)
        expectStatus(answer, 200)
        expectHeader(answer, 'content-type', /^application\/json/)
        expectBytes(answer, Buffer.from('{}'))
      })
    }
  }
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    await check(`${method} /v2/ is not supported`, async () => {
      const answer = await registry.ask(method, '/v2/')
      expectError(answer, 405, 'UNSUPPORTED')
      expectHeader(answer, 'allow', /GET/)
    })
  }
  await check('a method that an endpoint does not have is not supported', async () => {
    const digest = digestOf('')
    for (const [method, path] of [
      ['PATCH', manifestPath(repository, 'a')],
      ['POST', manifestPath(repository, 'a')],
      ['PUT', blobPath(repository, digest)],
      ['PUT', `/v2/${repository}/tags/list`],
      ['DELETE', `/v2/${repository}/referrers/${digest}`],
      ['GET', uploadsPath(repository)],
    ] as const) {
      expectError(await registry.ask(method, path), 405, 'UNSUPPORTED')
    }
  })
  await check('a path that is no endpoint is not found', async () => {
    const places = ['/v2/x', '/v2/a/b', '/v2/a/tags', '/v2/a/manifests/', '/v2/_oci/ext/discover']
    for (const path of [...places, '/v2x', '/v3/']) {
      expectStatus(await registry.ask('GET', path), 404)
    }
  })
  await check('a session is opened and ended without a redirect', async () => {
    const location = await openSession(registry, repository)
    expectStatus(await registry.ask('DELETE', location), 204)
  })
  if (registry.user !== undefined) await checkChallenges(trial)
}

async function checkChallenges({ check, registry }: Trial): Promise<void> {
  const digest = digestOf('')
  await check('end-1 GET /v2/ without credentials asks for a token', async () => {
    for (const method of ['GET', 'HEAD']) {
      const answer = await registry.askAs(undefined, method, '/v2/')
      expectError(answer, 401, 'UNAUTHORIZED')
      const { realm, service, scope, error } = readChallenge(answer.headers['www-authenticate'])
      const isOwn = new URL(realm).origin === registry.origin && service !== ''
      expect(answer, isOwn, `a realm at ${registry.origin} and a service`)
      expect(answer, scope === undefined && error === undefined, 'no scope and no error')
    }
  })
  for (const [method, path, actions] of [
    ['GET', blobPath(repository, digest), 'pull'],
    ['HEAD', manifestPath(repository, 'a'), 'pull'],
    ['GET', `/v2/${repository}/tags/list`, 'pull'],
    ['GET', `/v2/${repository}/referrers/${digest}`, 'pull'],
    ['POST', uploadsPath(repository), 'pull,push'],
    ['PATCH', `${uploadsPath(repository)}x`, 'pull,push'],
    ['DELETE', `${uploadsPath(repository)}x`, 'pull,push'],
    ['PUT', manifestPath(repository, 'a'), 'pull,push'],
    ['DELETE', manifestPath(repository, 'a'), 'delete'],
    ['DELETE', blobPath(repository, digest), 'delete'],
    ['GET', '/v2/_catalog', '*'],
  ] as const) {
    await check(`${method} ${path.slice(0, 40)} without credentials names its scope`, async () => {
      const answer = await registry.askAs(undefined, method, path)
      expectError(answer, 401, 'UNAUTHORIZED')
      const { scope } = readChallenge(answer.headers['www-authenticate'])
      const resource = path === '/v2/_catalog' ? 'registry:catalog' : `repository:${repository}`
      expect(answer, scope === `${resource}:${actions}`, `scope ${resource}:${actions}`)
    })
  }
  await check('a token that is none is refused as such', async () => {
    const answer = await registry.askAs('Bearer x.y.z', 'GET', blobPath(repository, digest))
    expectError(answer, 401, 'UNAUTHORIZED')
    const { error } = readChallenge(answer.headers['www-authenticate'])
    expect(answer, error === 'invalid_token', 'error="invalid_token"')
  })
}
