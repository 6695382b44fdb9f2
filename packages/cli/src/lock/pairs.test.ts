import { parseDigest } from '@berth/oci/digest.ts'
import { expect, test } from 'vitest'
import { findDrift } from './drift.ts'
import { emptyLock, type LockFile } from './lock-file.ts'
import { declaredPairs, pairsOf } from './pairs.ts'

test.each([
  [['api-gpu', 'api-cpu', 'api'], 'api-gpu api-cpu'],
  [['api-gpu', 'api'], 'api-gpu api'],
  [
    ['ghcr.io/a/api:1.4-cuda12.4', 'ghcr.io/a/api:1.4-cpu'],
    'ghcr.io/a/api:1.4-cuda12.4 ghcr.io/a/api:1.4-cpu',
  ],
  [['ghcr.io/a/api-rocm:1', 'ghcr.io/a/api:1'], 'ghcr.io/a/api-rocm:1 ghcr.io/a/api:1'],
  [['ghcr.io/a/api:cu121', 'ghcr.io/a/api:cpu'], 'ghcr.io/a/api:cu121 ghcr.io/a/api:cpu'],
  [['ghcr.io/a/api-gpu:1', 'ghcr.io/a/api-cpu:2'], ''],
  [['ghcr.io/gpu/api:1', 'ghcr.io/cpu/api:1'], ''],
  [['cpuinfo', 'gpuinfo', 'api'], ''],
])('%j', (names, expected) => {
  const pairs = pairsOf(names, []).map(({ accelerated, plain }) => `${accelerated} ${plain}`)
  expect(pairs.join()).toBe(expected)
})

test('declared pairs come first, in either order, and are read leniently', () => {
  const declared = declaredPairs(
    'pairs:\n  - [plain, fast-gpu]\n  - [one]\n  - {a: b}\n  - [alpine:3, none]\n',
  )
  expect(declared).toEqual([
    ['plain', 'fast-gpu'],
    ['alpine:3', 'none'],
  ])
  expect(pairsOf(['plain', 'fast-gpu', 'fast'], declared)).toEqual([
    { accelerated: 'fast-gpu', plain: 'plain', isDeclared: true },
  ])
})

const digestOf = (text: string) =>
  parseDigest(`sha256:${Buffer.from(text).toString('hex').padEnd(64, '0')}`)

function lockOf(images: Readonly<Record<string, readonly string[] | undefined>>): LockFile {
  return {
    ...emptyLock(),
    images: Object.fromEntries(
      Object.entries(images).map(([name, layers]) => [
        name,
        {
          digest: digestOf(name.slice(-20)),
          mediaType: 'x',
          platforms: [
            {
              platform: 'linux/amd64',
              digest: digestOf(name.slice(-20)),
              ...(layers !== undefined && { layers: layers.map(digestOf) }),
            },
          ],
          usedIn: [],
        },
      ]),
    ),
  }
}

test.each([
  ['same', { gpu: ['os', 'py', 'a'], cpu: ['os', 'py', 'b'] }],
  ['same', { gpu: ['os', 'py', 'a'], cpu: ['os', 'py', 'b'], base: ['os', 'py'] }],
  ['drift', { gpu: ['os', 'py', 'a'], cpu: ['os', 'py2', 'b'], base: ['os', 'py'] }],
  ['unrelated', { gpu: ['cuda', 'a'], cpu: ['os', 'py', 'b'] }],
  ['unknown', { gpu: undefined, cpu: ['os', 'py', 'b'] }],
] as const)('%s: %j', (state, { gpu, cpu, ...rest }) => {
  const lock = lockOf({
    'ghcr.io/a/api-gpu:1': gpu,
    'ghcr.io/a/api-cpu:1': cpu,
    ...('base' in rest && { 'docker.io/library/python:3': rest.base }),
  })
  const [drift] = findDrift(lock, [])
  expect(drift?.state).toBe(state)
  if (state === 'drift') expect(drift?.message).toContain('it has 1 of its 2 layers')
  const [declared] = findDrift(lock, [['ghcr.io/a/api-cpu:1', 'ghcr.io/a/api-gpu:1']])
  expect(declared?.state).toBe(state === 'unrelated' ? 'drift' : state)
  expect(declared?.accelerated).toBe('ghcr.io/a/api-gpu:1')
})
