import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ClientError } from '@berth/client/client-error.ts'
import { openCredentials } from '@berth/client/credentials/credential-store.ts'
import { parseRepositoryAddress } from '@berth/client/image-reference.ts'
import type { ImageDetails } from '@berth/client/kinds/kind.ts'
import { kindNamed } from '@berth/client/kinds/kinds.ts'
import { RegistryClient } from '@berth/client/registry/registry-client.ts'
import { Transport } from '@berth/client/transport/transport.ts'
import { parseRepositoryName, parseTagName } from '@berth/oci/reference.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCommand } from '../../packages/cli/src/testing/run-command.ts'
import { type Account, accounts } from '../stand-ins/accounts.ts'
import { pullSmallImage, pushSmallImage } from '../stand-ins/image.ts'
import type { StandInKind } from '../stand-ins/stand-ins.ts'
import { type RunningStandIn, startStandIn } from '../stand-ins/start.ts'
import { type Berth, startBerth } from '../tools/berth.ts'

type Environment = Readonly<Record<string, string>>

type Case = {
  readonly kind: StandInKind
  /** The arguments of `berth login` and what comes on standard input. */
  readonly login: (account: Account) => { readonly args: readonly string[]; readonly stdin: string }
  readonly env?: (standIn: RunningStandIn) => Environment
  /** What the message of a push without the right names. */
  readonly missingRight: RegExp
  /** What the advice for wrong or old credentials speaks of. */
  readonly renew: RegExp
}

const byName =
  (nameOf: (name: string) => string = (name) => name): Case['login'] =>
  ({ name, secret }) => ({ args: ['--username', nameOf(name), '--password-stdin'], stdin: secret })

const keyOf = ({ name, secret }: Account): string =>
  JSON.stringify({ type: 'service_account', client_email: name, private_key: secret })

const cases: readonly Case[] = [
  {
    kind: 'ghcr',
    login: byName(),
    env: ({ origin }) => ({ GITHUB_API_URL: `${origin}/github` }),
    missingRight: /write:packages/,
    renew: /Personal access tokens \(classic\)/,
  },
  {
    kind: 'docker-hub',
    login: byName(),
    env: ({ origin }) => ({ BERTH_DOCKER_HUB_API: `${origin}/hub` }),
    missingRight: /Read & Write/,
    renew: /access token at app\.docker\.com/,
  },
  {
    kind: 'ecr',
    login: ({ name, secret }) => ({
      args: ['--method', 'access-key', '--answer', `accessKeyId=${name}`, '--password-stdin'],
      stdin: secret,
    }),
    env: ({ origin }) => ({
      AWS_ENDPOINT_URL_ECR: origin,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: accounts.owner.name,
      AWS_SECRET_ACCESS_KEY: accounts.owner.secret,
    }),
    missingRight: /ecr:InitiateLayerUpload/,
    renew: /aws sts get-caller-identity/,
  },
  {
    kind: 'google',
    login: (account) => ({
      args: ['--method', 'service-account', '--password-stdin'],
      stdin: keyOf(account),
    }),
    missingRight: /roles\/artifactregistry\.writer/,
    renew: /make a new one/,
  },
  { kind: 'acr', login: byName(), missingRight: /AcrPush/, renew: /Generate a new password/ },
  {
    kind: 'harbor',
    login: byName((name) => `robot$acme+${name}`),
    missingRight: /project role Developer/,
    renew: /Robots run out/,
  },
  {
    kind: 'nexus',
    login: byName(),
    missingRight: /nx-repository-view-docker-<repository>-add/,
    renew: /user token/,
  },
  { kind: 'zot', login: byName(), missingRight: /create, and update/, renew: /zak_/ },
  { kind: 'gitlab', login: byName(), missingRight: /write_registry/, renew: /Deploy tokens/ },
  {
    kind: 'quay',
    login: byName((name) => `acme+${name}`),
    missingRight: /permission Write/,
    renew: /encrypted password/i,
  },
]

let backend: Berth
beforeAll(async () => {
  backend = await startBerth()
})
afterAll(async () => {
  await backend.stop()
})

describe.each(cases)('$kind', ({ kind, login, env: envOf, missingRight, renew }) => {
  let standIn: RunningStandIn
  let home: string
  let transport: Transport
  beforeAll(async () => {
    standIn = await startStandIn(kind, backend)
    home = await mkdtemp(join(tmpdir(), 'berth-kinds-'))
    transport = new Transport({ retry: { attempts: 2, firstWaitMs: 5 } })
  })
  afterAll(async () => {
    transport.close()
    await standIn.stop()
    await rm(home, { recursive: true, force: true })
  })

  // Docker Hub lists the repositories of the account only.
  const listedName = parseRepositoryName(
    `${kind === 'docker-hub' ? accounts.owner.name : 'acme'}/${kind}-listed`,
  )
  const environment = (own = home): Environment => ({ HOME: own, ...envOf?.(standIn) })
  const logIn = async (account: Account, ...more: string[]) => {
    const { args, stdin } = login(account)
    const argv = ['login', standIn.host, '--kind', `${standIn.host}=${kind}`, ...args, ...more]
    return await runCommand(argv, { env: environment(), stdin })
  }
  const client = () =>
    new RegistryClient({
      transportFor: () => transport,
      credentials: openCredentials({ env: environment(), home }),
      kindOf: new Map([[standIn.host, kind]]),
      env: environment(),
    })
  const repository = (name = `acme/${kind}`) =>
    client().repository(parseRepositoryAddress(`${standIn.host}/${name}`))

  test('is told by its answer', async () => {
    const stranger = new RegistryClient({
      transportFor: () => transport,
      credentials: openCredentials({ env: { HOME: home }, home }),
    })
    expect((await stranger.kindOf(standIn.host)).name).toBe(kind)
  })

  test('the right secret: login, push and pull', async () => {
    const run = await logIn(accounts.owner, '--json')
    expect({ code: run.code, stderr: run.code === 0 ? '' : run.stderr }).toEqual({
      code: 0,
      stderr: '',
    })
    expect(run.json()).toMatchObject({ registry: standIn.host, kind })
    expect(`${run.stdout}${run.stderr}`).not.toContain(accounts.owner.secret)
    await pushSmallImage(repository(), ['v1'])
    expect(await pullSmallImage(repository(), 'v1')).toBe(5000)
  })

  test('a wrong secret: exit code 4, and what to do', async () => {
    const run = await logIn({ ...accounts.owner, secret: 'not-the-secret' })
    expect({ code: run.code, stdout: run.stdout }).toEqual({ code: 4, stdout: '' })
    expect(run.stderr).toMatch(renew)
    expect(run.stderr).not.toContain('not-the-secret')
  })

  test('rights to read only: the push is refused, and the missing right is named', async () => {
    await logIn(accounts.owner)
    await pushSmallImage(repository(), ['readable'])
    const run = await logIn(accounts.reader)
    expect({ code: run.code, stderr: run.stderr }).toMatchObject({ code: 0 })
    expect(await pullSmallImage(repository(), 'readable')).toBe(5000)
    const error = await fault(pushSmallImage(repository(), ['v2']))
    expect({ kind: error.kind, message: error.message }).toEqual({
      kind: 'denied',
      message: expect.stringMatching(missingRight),
    })
    expect(error.next).not.toBe('')
    const argv = ['login', `${standIn.host}/acme/${kind}`, '--kind', `${standIn.host}=${kind}`]
    const { args, stdin } = login(accounts.reader)
    const command = await runCommand([...argv, ...args, '--require', 'push'], {
      env: environment(),
      stdin,
    })
    expect({ code: command.code, stderr: command.stderr }).toEqual({
      code: 5,
      stderr: expect.stringMatching(missingRight),
    })
  })

  test('an expired secret: the login is refused, and a stored one is called so', async () => {
    const run = await logIn(accounts.late)
    expect({ code: run.code, stderr: run.stderr }).toMatchObject({ code: 0 })
    expect(await pullSmallImage(repository(), 'readable')).toBe(5000)
    await standIn.control({ advanceSeconds: 13 * 3600 })
    const error = await fault(pullSmallImage(repository(), 'readable'))
    expect({ kind: error.kind, message: error.message }).toMatchObject({ kind: 'unauthenticated' })
    expect(error.next).toBeTypeOf('string')
    const again = await logIn(accounts.late)
    expect({ code: again.code, stderr: again.stderr }).toEqual({
      code: 4,
      stderr: expect.stringMatching(renew),
    })
  })

  test('429 is waited for when it is short, and told when it is long', async () => {
    await logIn(accounts.owner)
    await standIn.control({ limitNext: 1, retryAfterSeconds: 1 })
    expect(await pullSmallImage(repository(), 'readable')).toBe(5000)
    const patient = repository()
    await patient.resolve({ kind: 'tag', tag: parseTagName('readable') })
    await standIn.control({ limitNext: 50, retryAfterSeconds: 3600 })
    const error = await fault(pullSmallImage(patient, 'readable'))
    await standIn.control({ limitNext: 0 })
    expect(error).toMatchObject({ kind: 'rateLimited', retryAfterSeconds: 3600 })
  })

  test('its own interface: lists with dates, deletes', async ({ skip }) => {
    await logIn(accounts.owner)
    const api = await client().apiOf(standIn.host)
    if (api?.listImages === undefined) {
      skip('it has none')
      return
    }
    const name = listedName
    const there = repository(name)
    const pushed = [
      await pushSmallImage(there, ['one', 'first']),
      await pushSmallImage(there, ['two']),
      await pushSmallImage(there, ['three']),
    ]
    const before = Date.now() - 60 * 60_000
    const listed = await all(api.listImages(name))
    expect(new Map(listed.map(({ digest, tags }) => [digest, [...tags].sort()]))).toEqual(
      new Map([
        [pushed[0]?.descriptor.digest, ['first', 'one']],
        [pushed[1]?.descriptor.digest, ['two']],
        [pushed[2]?.descriptor.digest, ['three']],
      ]),
    )
    for (const { pushedAt } of listed) expect(pushedAt?.getTime()).toBeGreaterThan(before)
    if (api.listRepositories !== undefined)
      expect(await all(api.listRepositories())).toContain(name)
    if (api.readQuotas !== undefined) {
      expect(await api.readQuotas()).toContainEqual({
        owner: 'acme',
        usedBytes: 1234,
        limitBytes: 1_000_000,
      })
    }
    if (api.deleteTag !== undefined) {
      await api.deleteTag(name, parseTagName('first'))
      await api.deleteTag(name, parseTagName('first'))
      expect(await tagsOf(api.listImages(name))).toEqual(['one', 'three', 'two'])
    }
    if (api.deleteImage !== undefined) {
      const image = listed.find(({ tags }) => tags.includes(parseTagName('two')))
      if (image === undefined) throw new Error('it was listed a moment ago')
      await api.deleteImage(name, image)
      await api.deleteImage(name, image)
      expect(await tagsOf(api.listImages(name))).not.toContain('two')
    }
    const missing = fault(all(api.listImages(parseRepositoryName('acme/nowhere'))))
    expect((await missing).kind).toBe('notFound')
  })

  test('its own interface refuses whoever may only read', async ({ skip }) => {
    // Amazon's goes by the AWS credentials, which are the owner's here.
    if (kind === 'ecr') skip('tested with its own credentials below')
    await logIn(accounts.reader)
    const api = await client().apiOf(standIn.host)
    if (api?.listImages === undefined || api.deleteImage === undefined) {
      skip('it has none')
      return
    }
    const name = listedName
    const [image] = await all(api.listImages(name))
    if (image === undefined) throw new Error('nothing was listed')
    const error = await fault(api.deleteImage(name, image))
    expect(['denied', 'unauthenticated']).toContain(error.kind)
    expect(error.next).toBeTypeOf('string')
  })
})

describe('credentials of the surroundings', () => {
  const started: RunningStandIn[] = []
  const transport = new Transport({ retry: { attempts: 2, firstWaitMs: 5 } })
  let home: string
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'berth-ambient-'))
  })
  afterAll(async () => {
    transport.close()
    for (const standIn of started) await standIn.stop()
    await rm(home, { recursive: true, force: true })
  })
  const start = async (kind: StandInKind, tokenSeconds?: number): Promise<RunningStandIn> => {
    const settings = tokenSeconds === undefined ? {} : { tokenSeconds }
    const standIn = await startStandIn(kind, backend, settings)
    started.push(standIn)
    return standIn
  }
  const clientIn = (standIn: RunningStandIn, kind: StandInKind, env: Environment) =>
    new RegistryClient({
      transportFor: () => transport,
      env,
      kindOf: new Map([[standIn.host, kind]]),
      credentials: openCredentials({
        env,
        home,
        ambient: (registry, signal) =>
          kindNamed(kind).ambientCredentials?.({ registry, transport, env, signal }) ??
          Promise.resolve(undefined),
      }),
    })

  test('Amazon: a token that runs out is made anew without anybody noticing', async () => {
    // The store makes a token anew a minute before its end, so this one counts for two seconds.
    const standIn = await start('ecr', 62)
    const env = {
      HOME: home,
      AWS_ENDPOINT_URL_ECR: standIn.origin,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: accounts.owner.name,
      AWS_SECRET_ACCESS_KEY: accounts.owner.secret,
    }
    const there = clientIn(standIn, 'ecr', env).repository(
      parseRepositoryAddress(`${standIn.host}/acme/renewed`),
    )
    await pushSmallImage(there, ['v1'])
    const before = await tokensMade(standIn)
    await sleep(2500)
    // Now the first one is refused for good.
    await standIn.control({ advanceSeconds: 12 * 3600 })
    expect(await pullSmallImage(there, 'v1')).toBe(5000)
    await pushSmallImage(there, ['v2'])
    expect({ before, after: (await tokensMade(standIn)) > before }).toEqual({
      before: 1,
      after: true,
    })
  })

  test('Amazon: a login by the surroundings stores nothing, since that would only run out', async () => {
    const standIn = await start('ecr')
    const env = {
      HOME: await mkdtemp(join(home, 'aws-')),
      AWS_ENDPOINT_URL_ECR: standIn.origin,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: accounts.owner.name,
      AWS_SECRET_ACCESS_KEY: accounts.owner.secret,
    }
    const kind = ['--kind', `${standIn.host}=ecr`]
    const run = await runCommand(
      ['login', `${standIn.host}/acme/ambient`, ...kind, '--method', 'aws', '--json'],
      { env },
    )
    expect({ code: run.code, stderr: run.stderr }).toMatchObject({ code: 0 })
    expect(run.json()).toMatchObject({ storedIn: { kind: 'ambient' }, push: { allowed: true } })
    expect(await readdir(env.HOME)).not.toContain('.docker')
  })

  test('Amazon: a repository that is not there is called so, with the command that makes it', async () => {
    const standIn = await start('ecr')
    const env = {
      HOME: home,
      AWS_ENDPOINT_URL_ECR: standIn.origin,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: accounts.owner.name,
      AWS_SECRET_ACCESS_KEY: accounts.owner.secret,
    }
    const there = clientIn(standIn, 'ecr', env).repository(
      parseRepositoryAddress(`${standIn.host}/other/missing`),
    )
    const error = await fault(pushSmallImage(there, ['v1']))
    expect({ kind: error.kind, next: error.next }).toEqual({
      kind: 'notFound',
      next: expect.stringContaining('aws ecr create-repository --repository-name other/missing'),
    })
  })

  test('Amazon: the last tag is left, and who may only read deletes nothing', async () => {
    const standIn = await start('ecr')
    const env = (account: Account) => ({
      HOME: home,
      AWS_ENDPOINT_URL_ECR: standIn.origin,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: account.name,
      AWS_SECRET_ACCESS_KEY: account.secret,
    })
    const name = parseRepositoryName('acme/last-tag')
    const owner = clientIn(standIn, 'ecr', env(accounts.owner))
    await pushSmallImage(owner.repository(parseRepositoryAddress(`${standIn.host}/${name}`)), [
      'only',
    ])
    const api = await owner.apiOf(standIn.host)
    const last = await fault(api?.deleteTag?.(name, parseTagName('only')))
    expect(last.kind).toBe('unsupported')
    const images = api?.listImages?.(name)
    const [image] = images === undefined ? [] : await all(images)
    if (image === undefined) throw new Error('nothing was listed')
    const reader = await clientIn(standIn, 'ecr', env(accounts.reader)).apiOf(standIn.host)
    const refused = await fault(reader?.deleteImage?.(name, image))
    expect({ kind: refused.kind, message: refused.message }).toEqual({
      kind: 'denied',
      message: expect.stringContaining('ecr:BatchDeleteImage'),
    })
  })

  test.each([
    ['the metadata server', { AZURE_POD_IDENTITY_AUTHORITY_HOST: '<origin>' }],
    [
      'App Service',
      { IDENTITY_ENDPOINT: '<origin>/msi/token', IDENTITY_HEADER: 'app-service-header' },
    ],
    [
      'a service principal in the environment',
      {
        AZURE_AUTHORITY_HOST: '<origin>/entra',
        AZURE_TENANT_ID: 'acme-tenant',
        AZURE_CLIENT_ID: accounts.owner.name,
        AZURE_CLIENT_SECRET: accounts.owner.secret,
      },
    ],
    [
      'a federated token',
      {
        AZURE_AUTHORITY_HOST: '<origin>/entra',
        AZURE_TENANT_ID: 'acme-tenant',
        AZURE_CLIENT_ID: accounts.owner.name,
        AZURE_FEDERATED_TOKEN_FILE: '<home>/federated',
      },
    ],
  ])('Azure: %s', async (_name, variables) => {
    await writeFile(join(home, 'federated'), `federated-${accounts.owner.secret}\n`)
    const standIn = await start('acr')
    const env = fill({ HOME: home, ...variables }, standIn, home)
    const client = clientIn(standIn, 'acr', env)
    const there = client.repository(parseRepositoryAddress(`${standIn.host}/acme/azure`))
    await pushSmallImage(there, ['v1'])
    expect(await pullSmallImage(there, 'v1')).toBe(5000)
    const api = await client.apiOf(standIn.host)
    const images = api?.listImages?.(parseRepositoryName('acme/azure'))
    expect(images === undefined ? 0 : (await all(images)).length).toBeGreaterThan(0)
  })

  test('Azure: login with a service principal, and what Entra says of a wrong or expired secret', async () => {
    const standIn = await start('acr')
    const named = ['login', standIn.host, '--kind', `${standIn.host}=acr`]
    const login = [...named, '--method', 'service-principal', '--answer', 'tenant=acme-tenant']
    const logIn = (account: Account) =>
      runCommand([...login, '--answer', `clientId=${account.name}`, '--password-stdin'], {
        env: { HOME: home, AZURE_AUTHORITY_HOST: `${standIn.origin}/entra` },
        stdin: account.secret,
      })
    expect(await logIn(accounts.owner)).toMatchObject({ code: 0 })
    const wrong = await logIn({ ...accounts.owner, secret: 'wrong' })
    expect(wrong).toMatchObject({ code: 4, stderr: expect.stringContaining('AADSTS7000215') })
    await standIn.control({ advanceSeconds: 7200 })
    const expired = await logIn(accounts.late)
    expect(expired).toMatchObject({ code: 4, stderr: expect.stringContaining('AADSTS7000222') })
  })

  test.each(['the metadata server', 'a federated workload'])('Google: %s', async (way) => {
    const standIn = await start('google')
    const file = join(home, 'google.json')
    const subject = join(home, 'subject')
    await writeFile(subject, `${accounts.owner.name}:${accounts.owner.secret}`)
    await writeFile(
      file,
      JSON.stringify({
        type: 'external_account',
        audience:
          '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q',
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        token_url: `${standIn.origin}/sts/v1/token`,
        credential_source: { file: subject },
      }),
    )
    const env: Environment =
      way === 'the metadata server'
        ? { HOME: home, GCE_METADATA_HOST: standIn.host }
        : { HOME: home, GOOGLE_APPLICATION_CREDENTIALS: file }
    const client = clientIn(standIn, 'google', env)
    const there = client.repository(parseRepositoryAddress(`${standIn.host}/acme/google`))
    await pushSmallImage(there, ['v1'])
    expect(await pullSmallImage(there, 'v1')).toBe(5000)
  })

  test('GitLab: CI_REGISTRY_USER and its password, at the registry of the job only', async () => {
    const standIn = await start('gitlab')
    const env = {
      HOME: home,
      CI_REGISTRY: standIn.host,
      CI_REGISTRY_USER: accounts.owner.name,
      CI_REGISTRY_PASSWORD: accounts.owner.secret,
    }
    const there = clientIn(standIn, 'gitlab', env).repository(
      parseRepositoryAddress(`${standIn.host}/acme/ci`),
    )
    await pushSmallImage(there, ['v1'])
    const elsewhere = clientIn(standIn, 'gitlab', { ...env, CI_REGISTRY: 'other.example.com' })
    const address = parseRepositoryAddress(`${standIn.host}/acme/ci`)
    const error = await fault(pullSmallImage(elsewhere.repository(address), 'v1'))
    expect(error.kind).toBe('unauthenticated')
  })

  test('Docker Hub: 429 without a login says that a login allows more', async () => {
    const standIn = await start('docker-hub')
    const client = clientIn(standIn, 'docker-hub', { HOME: home })
    await client.probe(standIn.host)
    await standIn.control({ limitNext: 50, retryAfterSeconds: 3600 })
    const there = client.repository(parseRepositoryAddress(`${standIn.host}/acme/limited`))
    const error = await fault(pullSmallImage(there, 'v1'))
    expect({ kind: error.kind, next: error.next }).toEqual({
      kind: 'rateLimited',
      next: expect.stringContaining('berth login docker.io'),
    })
  })
})

async function tokensMade(standIn: RunningStandIn): Promise<number> {
  return (await standIn.asked()).filter((request) => request === 'POST /').length
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

async function tagsOf(images: AsyncIterable<ImageDetails>): Promise<string[]> {
  return (await all(images)).flatMap(({ tags }) => tags).sort()
}

async function fault(attempt: Promise<unknown> | undefined): Promise<ClientError> {
  try {
    await attempt
  } catch (error) {
    if (error instanceof ClientError) return error
    throw error
  }
  throw new Error('it succeeded')
}

function fill(
  variables: Readonly<Record<string, string | undefined>>,
  { origin }: RunningStandIn,
  home: string,
): Environment {
  const filled: Record<string, string> = {}
  for (const [name, value] of Object.entries(variables)) {
    if (value !== undefined)
      filled[name] = value.replace('<origin>', origin).replace('<home>', home)
  }
  return filled
}
