import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CredentialStoreOptions, openCredentials } from './credential-store.ts'
import type { Credentials } from './credentials.ts'

let home = ''
let env: Record<string, string> = {}
let dockerFile = ''
let podmanFile = ''

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'berth-logins-'))
  env = { PATH: `${home}/bin:/usr/bin:/bin`, XDG_RUNTIME_DIR: `${home}/run`, HOME: home }
  dockerFile = join(home, '.docker/config.json')
  podmanFile = join(home, 'run/containers/auth.json')
})
afterEach(() => rm(home, { recursive: true, force: true }))

function open(options: Partial<CredentialStoreOptions> = {}) {
  return openCredentials({ env, home, ...options })
}

async function put(path: string, content: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
}

async function read(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8'))
}

function password(username: string, secret = 'secret'): Credentials {
  return { kind: 'password', username, password: secret }
}

function auth(username: string, secret = 'secret'): { auth: string } {
  return { auth: Buffer.from(`${username}:${secret}`).toString('base64') }
}

/** A helper that keeps one file for each address, as a program of its own. */
async function putHelper(name: string): Promise<string> {
  const folder = join(home, `kept-${name}`)
  await mkdir(folder, { recursive: true })
  const path = join(home, `bin/docker-credential-${name}`)
  await put(
    path,
    `#!/bin/sh
    file() { tr -dc 'a-zA-Z0-9' ; }
    case "$1" in
      get|erase) f="${folder}/$(file)";;
      store) input=$(cat); f="${folder}/$(echo "$input" | sed 's/.*"ServerURL":"\\([^"]*\\)".*/\\1/' | file)";;
      list) echo '{"listed.example.com":"lee"}'; exit 0;;
    esac
    echo "$1" >> "${home}/calls"
    case "$1" in
      get) cat "$f" 2>/dev/null || { echo "credentials not found in native keychain"; exit 1; };;
      store) echo "$input" > "$f";;
      erase) rm -f "$f";;
    esac`,
  )
  await chmod(path, 0o755)
  return folder
}

describe('find', () => {
  test('nothing stored is nobody', async () => {
    expect(await open().find('ghcr.io')).toBeUndefined()
    expect(await open().credentialsFor('ghcr.io')).toEqual({ kind: 'anonymous' })
  })

  test('the order: variable, docker, podman while it lasts, podman, the surroundings', async () => {
    const lasting = join(home, '.config/containers/auth.json')
    const registries = [
      'a.example.com',
      'b.example.com',
      'c.example.com',
      'd.example.com',
      'e.example.com',
    ]
    const auths = (user: string, from: number) =>
      Object.fromEntries(registries.slice(from).map((each) => [each, auth(user)]))
    env.DOCKER_AUTH_CONFIG = JSON.stringify({ auths: { 'a.example.com': auth('variable') } })
    await put(dockerFile, {
      auths: {
        ...auths('docker', 0),
        'c.example.com': {},
        'd.example.com': {},
        'e.example.com': {},
      },
    })
    await put(podmanFile, {
      auths: { 'b.example.com': auth('podman'), 'c.example.com': auth('podman') },
    })
    await put(lasting, {
      auths: { 'c.example.com': auth('lasting'), 'd.example.com': auth('lasting') },
    })
    const store = open({
      ambient: async () => ({ credentials: password('ambient'), expiresAt: undefined }),
    })
    const users: unknown[] = []
    for (const registry of registries) {
      const credentials = await store.credentialsFor(registry)
      users.push('username' in credentials ? credentials.username : undefined)
    }
    expect(users).toEqual(['variable', 'docker', 'podman', 'lasting', 'ambient'])
  })

  test('DOCKER_CONFIG and REGISTRY_AUTH_FILE name the files', async () => {
    env.DOCKER_CONFIG = join(home, 'elsewhere')
    env.REGISTRY_AUTH_FILE = join(home, 'auth.json')
    await put(dockerFile, { auths: { 'a.example.com': auth('wrong') } })
    await put(podmanFile, { auths: { 'a.example.com': auth('wrong') } })
    await put(join(home, 'elsewhere/config.json'), { auths: { 'b.example.com': auth('bob') } })
    await put(join(home, 'auth.json'), { auths: { 'c.example.com': auth('cem') } })
    const store = open()
    expect(await store.find('a.example.com')).toBeUndefined()
    expect(await store.credentialsFor('b.example.com')).toMatchObject({ username: 'bob' })
    expect(await store.credentialsFor('c.example.com')).toMatchObject({ username: 'cem' })
  })

  test('with DOCKER_CONFIG alone, podman has its logins there too', async () => {
    env.DOCKER_CONFIG = join(home, 'elsewhere')
    await put(podmanFile, { auths: { 'a.example.com': auth('wrong') } })
    const store = open({ storeIn: 'podman' })
    const place = await store.store('b.example.com', password('bob'))
    expect(place).toEqual({ kind: 'podman', name: join(home, 'elsewhere/config.json') })
    expect(await store.credentialsFor('b.example.com')).toEqual(password('bob'))
    expect(await store.find('a.example.com')).toBeUndefined()
    expect(await store.list(() => {})).toHaveLength(1)
  })

  test('Docker Hub by its old address, and not by the other secrets kept beside it', async () => {
    await put(dockerFile, {
      auths: {
        'https://index.docker.io/v1/access-token': auth('no', 'no'),
        'https://index.docker.io/v1/': auth('hub'),
        'https://index.docker.io/v1/refresh-token': auth('no', 'no'),
      },
    })
    expect(await open().credentialsFor('docker.io')).toEqual(password('hub'))
  })

  test('the path that a repository lies in, the longest, before the registry', async () => {
    await put(dockerFile, { auths: { 'quay.io': auth('all') } })
    await put(podmanFile, {
      auths: {
        'quay.io/acme': auth('acme'),
        'quay.io/acme/api': auth('api'),
        'quay.io': auth('no'),
      },
    })
    const store = open()
    const userFor = async (repository?: string): Promise<unknown> => {
      const found = await store.credentialsFor('quay.io', undefined, repository)
      return 'username' in found ? found.username : undefined
    }
    expect(await userFor('acme/api/deep')).toBe('api')
    expect(await userFor('acme/web')).toBe('acme')
    expect(await userFor('acmes/web')).toBe('all')
    expect(await userFor()).toBe('all')
  })

  test('the helper of a registry before the helper of all, and an empty name for the file', async () => {
    const one = await putHelper('one')
    const all = await putHelper('all')
    const kept = (user: string) => JSON.stringify({ ServerURL: '', Username: user, Secret: 's' })
    await put(join(one, 'aexamplecom'), kept('one'))
    await put(join(all, 'aexamplecom'), kept('all'))
    await put(join(all, 'bexamplecom'), kept('all'))
    await put(join(all, 'cexamplecom'), kept('all'))
    await put(dockerFile, {
      credsStore: 'all',
      credHelpers: { 'a.example.com': 'one', 'c.example.com': '' },
      auths: { 'a.example.com': {}, 'c.example.com': auth('file'), 'd.example.com': auth('file') },
    })
    const store = open()
    const users: unknown[] = []
    for (const name of ['a', 'b', 'c', 'd']) {
      users.push((await store.find(`${name}.example.com`))?.credentials)
    }
    expect(users).toMatchObject([
      { username: 'one' },
      { username: 'all' },
      { username: 'file' },
      { username: 'file' },
    ])
  })

  test('a helper that is not installed is a fault, not nobody', async () => {
    await put(dockerFile, { credsStore: 'absent' })
    await expect(open().find('ghcr.io')).rejects.toMatchObject({ kind: 'toolMissing' })
  })

  test('a keychain that docker takes by itself is asked too', async () => {
    const kept = await putHelper('pass')
    await put(join(home, 'bin/pass'), '#!/bin/sh\n')
    await chmod(join(home, 'bin/pass'), 0o755)
    await put(join(kept, 'ghcrio'), JSON.stringify({ Username: 'ann', Secret: 's' }))
    expect(await open().credentialsFor('ghcr.io')).toMatchObject({ username: 'ann' })
    const place = await open().store('new.example.com', password('bob'))
    expect(place).toEqual({ kind: 'helper', name: 'docker-credential-pass' })
    expect(await read(dockerFile)).toEqual({ auths: { 'new.example.com': {} }, credsStore: 'pass' })
    expect(await open().credentialsFor('ghcr.io')).toMatchObject({ username: 'ann' })
  })

  test.each([
    ['{"auths": [', 'is not JSON at line 1, column 12'],
    ['{"auths": 7}', '"auths" is not an object'],
    ['{"credHelpers": {"a": 7}}', 'the entry "a" of "credHelpers" is not a text'],
    ['{"credsStore": {}}', '"credsStore" is not a text'],
    [
      '{"auths": {"ghcr.io": {"auth": "c2VjcmV0"}}}',
      'the entry "ghcr.io" of "auths" has an "auth"',
    ],
  ])('a broken file is said with its place: %s', async (text, message) => {
    await put(dockerFile, text)
    const error = await open()
      .find('ghcr.io')
      .catch((each: unknown) => each)
    expect(error).toMatchObject({ kind: 'inputInvalid' })
    expect(String(error)).toContain(dockerFile)
    expect(String(error)).toContain(message)
  })

  test('what runs out is asked for again a minute before, and once for all who ask at once', async () => {
    let asked = 0
    let life = 61_000
    const store = open({
      ambient: async () => {
        asked += 1
        return { credentials: password(`try${asked}`), expiresAt: new Date(Date.now() + life) }
      },
    })
    await Promise.all([1, 2, 3].map(() => store.find('x.example.com')))
    expect(asked).toBe(1)
    life = 59_000
    expect(await store.credentialsFor('y.example.com')).toMatchObject({ username: 'try2' })
    expect(await store.credentialsFor('y.example.com')).toMatchObject({ username: 'try3' })
    expect(await store.credentialsFor('x.example.com')).toMatchObject({ username: 'try1' })
  })

  test('a fault is not remembered', async () => {
    let asked = 0
    const store = open({
      ambient: async () => {
        asked += 1
        if (asked === 1) throw new Error('not yet')
        return undefined
      },
    })
    await expect(store.find('x.example.com')).rejects.toThrow('not yet')
    expect(await store.find('x.example.com')).toBeUndefined()
  })
})

describe('store', () => {
  test('into the file of docker, leaving everything else', async () => {
    await put(dockerFile, {
      HttpHeaders: { a: 'b' },
      auths: { 'https://r.example.com/v2/': auth('old'), 'other.example.com': auth('other') },
      psFormat: 'x',
    })
    const store = open()
    expect(await store.store('r.example.com', password('ann'))).toEqual({
      kind: 'docker',
      name: dockerFile,
    })
    expect(await read(dockerFile)).toEqual({
      HttpHeaders: { a: 'b' },
      auths: { 'other.example.com': auth('other'), 'r.example.com': auth('ann') },
      psFormat: 'x',
    })
    expect(await store.credentialsFor('r.example.com')).toEqual(password('ann'))
  })

  test('Docker Hub under the address that docker looks for', async () => {
    await open().store('docker.io', password('ann'))
    expect(await read(dockerFile)).toEqual({
      auths: { 'https://index.docker.io/v1/': auth('ann') },
    })
  })

  test('into the helper, with nothing but its trace in the file', async () => {
    await putHelper('all')
    await put(dockerFile, { credsStore: 'all', auths: { 'r.example.com': auth('old') } })
    const store = open()
    expect(await store.store('r.example.com', password('ann'))).toEqual({
      kind: 'helper',
      name: 'docker-credential-all',
    })
    expect(await read(dockerFile)).toEqual({ credsStore: 'all', auths: { 'r.example.com': {} } })
    expect(await store.credentialsFor('r.example.com')).toEqual(password('ann'))
  })

  test("into podman's file", async () => {
    const store = open({ storeIn: 'podman' })
    await store.store('docker.io', password('ann'))
    expect(await read(podmanFile)).toEqual({ auths: { 'docker.io': auth('ann') } })
    await store.store('r.example.com', password('bob'), { storeIn: 'docker' })
    expect(await read(dockerFile)).toEqual({ auths: { 'r.example.com': auth('bob') } })
  })

  test('nothing, when the file is broken', async () => {
    await put(dockerFile, '{"auths": {}')
    await expect(open().store('r.example.com', password('ann'))).rejects.toMatchObject({
      kind: 'inputInvalid',
    })
    expect(await readFile(dockerFile, 'utf8')).toBe('{"auths": {}')
  })
})

describe('erase', () => {
  test('everywhere, in every spelling, and says where', async () => {
    await putHelper('all')
    const store = open()
    await put(dockerFile, {
      credsStore: 'all',
      auths: { 'https://r.example.com/v1/': auth('old'), 'r.example.com/acme': auth('acme') },
    })
    await store.store('r.example.com', password('ann'), { storeIn: 'podman' })
    await store.store('r.example.com', password('ann'))
    await put(dockerFile, {
      credsStore: 'all',
      auths: { 'https://r.example.com/v1/': auth('old'), 'r.example.com/acme': auth('acme') },
    })
    expect(await store.erase('r.example.com')).toEqual([
      { kind: 'helper', name: 'docker-credential-all' },
      { kind: 'docker', name: dockerFile },
      { kind: 'podman', name: podmanFile },
    ])
    expect(await store.find('r.example.com')).toBeUndefined()
    expect(await read(dockerFile)).toEqual({
      credsStore: 'all',
      auths: { 'r.example.com/acme': auth('acme') },
    })
    expect(await store.erase('r.example.com')).toEqual([])
  })
})

describe('list', () => {
  test('all files, and helpers; one that does not answer is told', async () => {
    await putHelper('one')
    env.DOCKER_AUTH_CONFIG = JSON.stringify({ auths: { 'v.example.com': auth('v') } })
    await put(dockerFile, {
      credsStore: 'one',
      credHelpers: { 'h.example.com': 'absent' },
      auths: { 'listed.example.com': {}, 'https://index.docker.io/v1/': auth('hub') },
    })
    await put(podmanFile, { auths: { 'quay.io/acme': auth('acme') } })
    const faults: string[] = []
    const known = await open().list((fault) => faults.push(fault.kind))
    expect(
      known.map(({ registry, namespace, place }) => [registry, namespace, place.kind]),
    ).toEqual([
      ['v.example.com', undefined, 'environment'],
      ['docker.io', undefined, 'docker'],
      ['h.example.com', undefined, 'helper'],
      ['listed.example.com', undefined, 'helper'],
      ['quay.io', 'acme', 'podman'],
    ])
    await put(dockerFile, { credsStore: 'absent' })
    await open().list((fault) => faults.push(fault.kind))
    expect(faults).toEqual(['toolMissing'])
  })
})
