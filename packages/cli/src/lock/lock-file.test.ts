import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isClientError } from '@berth/client/client-error.ts'
import { parseDigest } from '@berth/oci/digest.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  emptyLock,
  findImage,
  formatLock,
  type LockFile,
  parseLock,
  readLockFile,
  recordBuild,
  writeLockFile,
} from './lock-file.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-lock-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const digestOf = (digit: string) => parseDigest(`sha256:${digit.repeat(64)}`)
const image = (digit: string, usedIn: string[] = []) => ({
  digest: digestOf(digit),
  mediaType: 'application/vnd.oci.image.index.v1+json',
  platforms: [
    { platform: 'linux/arm64', digest: digestOf('2') },
    { platform: 'linux/amd64', digest: digestOf('1') },
  ],
  usedIn,
})

test('what is written is read again, ordered whatever the order was, and ends with a newline', async () => {
  const path = join(folder, 'order.json')
  const one: LockFile = {
    version: 1,
    images: {
      'docker.io/library/b:1': image('b', ['z', 'a', 'z']),
      'docker.io/library/a:1': image('a'),
    },
    services: {},
  }
  const other: LockFile = {
    services: {},
    images: {
      'docker.io/library/a:1': image('a'),
      'docker.io/library/b:1': image('b', ['a', 'z']),
    },
    version: 1,
  }
  expect(formatLock(one)).toBe(formatLock(other))
  await writeLockFile(path, one)
  const text = await readFile(path, 'utf8')
  expect(text.endsWith('}\n')).toBe(true)
  expect(formatLock(await readLockFile(path))).toBe(text)
  expect(Object.keys((JSON.parse(text) as LockFile).images)).toEqual([
    'docker.io/library/a:1',
    'docker.io/library/b:1',
  ])
  const before = await stat(path, { bigint: true })
  await writeLockFile(path, other)
  expect((await stat(path, { bigint: true })).ino).toBe(before.ino)
  expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([])
})

test('one more image changes nothing of the lines of the others', () => {
  const small: LockFile = { ...emptyLock(), images: { 'docker.io/library/b:1': image('b') } }
  const large: LockFile = {
    ...small,
    images: { ...small.images, 'docker.io/library/a:1': image('a') },
  }
  const lines = new Set(formatLock(large).split('\n'))
  expect(
    formatLock(small)
      .split('\n')
      .every((line) => lines.has(line)),
  ).toBe(true)
})

test('a missing file is an empty lock; one that is no lock says where the fault is', async () => {
  expect(await readLockFile(join(folder, 'none.json'))).toEqual(emptyLock())
  const faulty = (text: string) => {
    try {
      parseLock(text, 'build-lock.json')
    } catch (error) {
      if (isClientError(error, 'inputInvalid')) return error.message
    }
    return 'accepted'
  }
  expect(faulty('{"version":1,"images":{"a:1":{"digest":"sha256:1"}},"services":{}}')).toContain(
    'images.a:1.digest',
  )
  expect(faulty('{"version":2}')).toContain('version 2')
  expect(faulty('{\n<<<<<<< HEAD\n')).toContain('conflict markers')
  expect(faulty('[')).toContain('not JSON')
  await writeFile(join(folder, 'null.json'), 'null')
  await expect(readLockFile(join(folder, 'null.json'))).rejects.toThrow('not a lock file')
})

test('an image is found however it is written', () => {
  const lock: LockFile = {
    ...emptyLock(),
    images: {
      'docker.io/library/alpine:3.20': image('a'),
      'docker.io/library/nginx:latest': image('b'),
    },
  }
  expect(findImage(lock, 'alpine:3.20')?.digest).toBe(digestOf('a'))
  expect(findImage(lock, `index.docker.io/library/alpine:3.20@${digestOf('c')}`)?.digest).toBe(
    digestOf('a'),
  )
  expect(findImage(lock, 'nginx')?.digest).toBe(digestOf('b'))
  expect(findImage(lock, 'nginx:1')).toBeUndefined()
})

test('a build takes the place of the one before', async () => {
  const path = join(folder, 'services.json')
  const build = {
    service: 'api',
    image: 'ghcr.io/acme/api',
    digest: digestOf('a'),
    tags: ['1.4', '1.4.0'],
    revision: undefined,
    builtAt: new Date('2026-11-27T10:00:00Z'),
  }
  const first = recordBuild(emptyLock(), build)
  const second = recordBuild(first, {
    ...build,
    digest: digestOf('b'),
    revision: 'abc',
    platforms: [{ platform: 'linux/amd64', digest: digestOf('b'), layers: [digestOf('1')] }],
    base: { name: 'docker.io/library/python:3.12', digest: digestOf('d') },
  })
  await writeLockFile(path, second)
  const { services } = await readLockFile(path)
  expect(services.api).toMatchObject({
    digest: digestOf('b'),
    revision: 'abc',
    builtAt: '2026-11-27T10:00:00.000Z',
    base: { digest: digestOf('d') },
  })
  expect(first.services.api?.digest).toBe(digestOf('a'))
})
