import { describe, expect, test } from 'vitest'
import { parseChallenge } from '../auth/challenge.ts'
import { ClientError } from '../client-error.ts'
import { Transport } from '../transport/transport.ts'
import type { KindName, Refusal, RegistryAction } from './kind.ts'
import { kindByHost, kindByProbe, kindNamed, kinds } from './kinds.ts'

describe('the kind by the address', () => {
  const known: readonly (readonly [string, KindName])[] = [
    ['ghcr.io', 'ghcr'],
    ['docker.io', 'docker-hub'],
    ['123456789012.dkr.ecr.eu-central-1.amazonaws.com', 'ecr'],
    ['123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com', 'ecr'],
    ['123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn', 'ecr'],
    ['123456789012.dkr-ecr.eu-west-1.on.aws', 'ecr'],
    ['public.ecr.aws', 'ecr'],
    ['gcr.io', 'google'],
    ['eu.gcr.io', 'google'],
    ['europe-west3-docker.pkg.dev', 'google'],
    ['acme.azurecr.io', 'acr'],
    ['acme.azurecr.cn', 'acr'],
    ['registry.gitlab.com', 'gitlab'],
    ['quay.io', 'quay'],
  ]
  test.each(known)('%s is %s', (registry, name) => {
    expect(kindByHost(registry)?.name).toBe(name)
  })

  test.each([
    'ghcr.io.example.com',
    'evil-ghcr.io',
    'docker.io.example.com',
    '123456789012.dkr.ecr.eu-central-1.amazonaws.com.example.com',
    '12345.dkr.ecr.eu-central-1.amazonaws.com',
    'dkr.ecr.eu-central-1.amazonaws.com',
    'evilgcr.io',
    'a.b.gcr.io.example.com',
    'docker.pkg.dev.example.com',
    'azurecr.io',
    'acme.azurecr.io.example.com',
    'notquay.io',
    '127.0.0.1:5000',
  ])('%s is none of them', (registry) => {
    expect(kindByHost(registry)).toBeUndefined()
  })
})

describe('the kind by the answer', () => {
  const registry = 'registry.example.com'
  const probed = (challenge: string | undefined, headers: Record<string, string> = {}) =>
    kindByProbe({
      registry,
      origin: `https://${registry}`,
      status: challenge === undefined ? 200 : 401,
      headers,
      challenge: parseChallenge(challenge),
    }).name

  test.each([
    [`Bearer realm="https://${registry}/token",service="${registry}"`, 'berth'],
    [`Bearer realm="https://${registry}/service/token",service="harbor-registry"`, 'harbor'],
    ['Bearer realm="https://gitlab.example.com/jwt/auth",service="container_registry"', 'gitlab'],
    [`Bearer realm="https://${registry}/v2/auth",service="${registry}"`, 'quay'],
    [`Bearer realm="https://${registry}/oauth2/token",service="${registry}"`, 'acr'],
    ['Bearer realm="https://auth.docker.io/token",service="registry.docker.io"', 'docker-hub'],
    ['Basic realm="Sonatype Nexus Repository Manager"', 'nexus'],
    ['Basic realm="Authorization Required"', 'zot'],
    ['Basic realm="https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/"', 'ecr'],
    ['Basic realm="Registry Realm"', 'distribution'],
    // Forgejo: a service of GitLab's name behind another token service.
    [`Bearer realm="https://${registry}/v2/token",service="container_registry"`, 'distribution'],
    ['Bearer realm="https://auth.example.com/token",service="registry"', 'distribution'],
    [undefined, 'distribution'],
  ])('%s is %s', (challenge, name) => {
    expect(probed(challenge)).toBe(name)
  })

  test('Nexus with bearer tokens is told by its Server header', () => {
    const realm = `https://${registry}/repository/docker/v2/token`
    const challenge = `Bearer realm="${realm}",service="${realm}"`
    expect(probed(challenge, { server: 'Nexus/3.87.1-01 (PRO)' })).toBe('nexus')
  })
})

test('a kind by its name, and the names when it is none', () => {
  for (const kind of kinds) expect(kindNamed(kind.name)).toBe(kind)
  expect(() => kindNamed('gitea')).toThrow(
    expect.objectContaining({ kind: 'inputInvalid', next: expect.stringContaining('harbor') }),
  )
})

describe.each(kinds.map((kind) => [kind.name, kind] as const))('%s', (_name, kind) => {
  const actions: readonly RegistryAction[] = ['list', 'pull', 'push', 'delete']
  const refusal = (given: Partial<Refusal>): Refusal => ({
    action: 'pull',
    registry: 'registry.example.com',
    repository: 'acme/api',
    status: 403,
    codes: [],
    message: undefined,
    isSignedIn: true,
    ...given,
  })

  test('explains every refusal in whole sentences', () => {
    for (const action of actions) {
      for (const status of [401, 403, 404, 429]) {
        for (const isSignedIn of [false, true]) {
          const { meaning, next } = kind.explainRefusal(refusal({ action, status, isSignedIn }))
          expect(meaning, `${action} ${status}`).toMatch(/^[A-Z].*\.$/)
          expect(next, `${action} ${status}`).toMatch(/^[A-Z].*\.$/)
        }
      }
    }
  })

  test('tells a missing login from a missing right', () => {
    const stranger = kind.explainRefusal(refusal({ status: 401, isSignedIn: false }))
    expect(stranger.next).toContain('berth login registry.example.com')
    expect(kind.explainRefusal(refusal({})).meaning).not.toBe(stranger.meaning)
  })

  test('asks each question once, and for secrets as secrets', () => {
    expect(kind.methods.length).toBeGreaterThan(0)
    expect(new Set(kind.methods.map(({ name }) => name)).size).toBe(kind.methods.length)
    for (const { questions } of kind.methods) {
      expect(new Set(questions.map(({ id }) => id)).size).toBe(questions.length)
      for (const { id, isSecret } of questions) {
        expect(isSecret, id).toBe(/password|secret|^key$/i.test(id))
      }
    }
  })

  test('refuses empty answers before anything is sent', async () => {
    const transport = new Transport()
    const context = { registry: 'registry.invalid', transport, env: {} }
    for (const { questions, signIn } of kind.methods) {
      if (questions.length === 0) continue
      const error = await signIn({}, context).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(ClientError)
      expect(error).toMatchObject({ kind: 'inputInvalid' })
    }
    transport.close()
  })

  test('finds nothing in surroundings that say nothing', async () => {
    const transport = new Transport()
    const context = { registry: '127.0.0.1:1', transport, env: { HOME: '/nonexistent' } }
    expect(await kind.ambientCredentials?.(context)).toBeUndefined()
    transport.close()
  })
})
