import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readBuildFile } from './build-file.ts'

let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-build-file-'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

async function read(text: string, variables: Record<string, string> = {}) {
  const path = join(folder, 'berth.yaml')
  await writeFile(path, text)
  return readBuildFile(path, { variables })
}

/** The faults of a file, each as `line:column message`. */
async function faultsOf(text: string, variables: Record<string, string> = {}): Promise<string[]> {
  const error: unknown = await read(text, variables).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toMatchObject({ kind: 'inputInvalid' })
  const lines = (error as Error).message.split('\n').filter((line) => /berth\.yaml:\d/.test(line))
  return lines.map((line) => line.replace(/^.*berth\.yaml:(\d+:\d+): /, '$1 '))
}

describe('a berth.yaml that is right', () => {
  test('gets names, folders and the defaults of the file', async () => {
    const file = await read(`
registry: registry.example.com
repository: acme/shop
defaults:
  platforms: [linux/x86_64, linux/amd64, linux/arm64/v8]
  args: { A: 1, B: two }
  tags: [semver, stable]
services:
  web:
    context: ./web
    args: { B: 3 }
    image: front
    dependsOn: [base]
  base: {}
`)
    const [web, base] = file.services
    expect(web).toMatchObject({
      name: 'web',
      address: { registry: 'registry.example.com', repository: 'acme/shop/front' },
      context: join(folder, 'web'),
      platforms: ['linux/amd64', 'linux/arm64'],
      args: { A: '1', B: '3' },
      tags: ['semver', 'stable'],
      dependsOn: ['base'],
    })
    expect(base).toMatchObject({
      address: { repository: 'acme/shop/base' },
      context: folder,
      dockerfile: undefined,
    })
  })

  test('has variables in its values, with defaults', async () => {
    const file = await read(
      'registry: ${HOST}:${PORT:-5000}\nservices:\n  a:\n    args: { PRICE: "$$5", X: "${X:-}" }\n',
      { HOST: 'localhost' },
    )
    expect(file.registry).toBe('localhost:5000')
    expect(file.services[0]?.args).toEqual({ PRICE: '$5', X: '' })
  })
})

describe('a berth.yaml that is wrong', () => {
  test('tells every fault at once, with line and column', async () => {
    const faults = await faultsOf(`registry: localhost:5000
servces: {}
defaults:
  platforms: [linux]
services:
  api:
    contxt: .
    secrets:
      - id: token
        env: A
        file: b
    args: { M: "x\${NOPE}" }
    dependsOn: [wbe]
  web:
    tags: [semvr, "{verson}", "a b"]
    args: [1]
  UPPER: {}
`)
    expect(faults).toEqual([
      expect.stringMatching(/^2:1 "servces" is not known\. Did you mean "services"\? Allowed are /),
      expect.stringMatching(/^4:15 defaults\.platforms\[0\] must look like linux\/amd64/),
      expect.stringMatching(/^7:5 services\.api: "contxt" .* Did you mean "context"\?/),
      expect.stringMatching(/^9:9 services\.api\.secrets\[0\] needs exactly one of/),
      expect.stringMatching(/^12:18 the variable NOPE is not set/),
      expect.stringMatching(/^13:17 services\.api\.dependsOn\[0\] .* Did you mean "web"\?/),
      expect.stringMatching(/^15:12 services\.web\.tags\[0\] .* Did you mean "semver"\?/),
      expect.stringMatching(/^15:19 services\.web\.tags\[1\] .* Did you mean \{version\}\?/),
      expect.stringMatching(/^15:31 services\.web\.tags\[2\] is "a b", which is no tag/),
      expect.stringMatching(/^16:11 services\.web\.args must be a map/),
      expect.stringMatching(/^17:3 the name "UPPER" may hold a-z/),
    ])
  })

  test.each([
    ['', /1:1 the file is empty/],
    ['registry: [\n', /flow sequence/i],
    ['registry: a.b\nregistry: c.d\nservices: { a: {} }\n', /^2:1 map keys must be unique/i],
    ['registry: a.b\nservices: {}\n', /services needs at least one service/],
    ['services: { a: {} }\n', /registry is missing: it must be a text/],
    ['registry: a_b\nservices: { a: {} }\n', /^1:11 registry: "a_b" is not the address/],
    ['registry: a.b\nservices: { a: { image: A } }\n', /services\.a\.image: .*upper case/],
    ['registry: "${"\nservices: { a: {} }\n', /^1:12 "\$\{" has no closing/],
    ['registry: ${A:?say where}\nservices: { a: {} }\n', /variable A is not set: say where/],
  ])('%j', async (text, fault) => {
    expect((await faultsOf(text)).join('\n')).toMatch(fault)
  })

  test('a circle of services is told with its way', async () => {
    const text =
      'registry: a.b\nservices: { a: { dependsOn: [b] }, b: { dependsOn: [c] }, c: { dependsOn: [b] } }\n'
    expect(await faultsOf(text)).toEqual([expect.stringContaining('b -> c -> b')])
  })

  test('a secret has no value in the file', async () => {
    const text =
      'registry: a.b\nservices: { a: { secrets: [{ id: x, env: A, value: hunter2 }] } }\n'
    const faults = await faultsOf(text)
    expect(faults.join()).toContain('"value" is not known')
    expect(faults.join()).not.toContain('hunter2')
  })

  test('none at all is told as missing', async () => {
    await expect(readBuildFile(join(folder, 'none.yaml'))).rejects.toMatchObject({
      kind: 'notFound',
    })
  })
})
