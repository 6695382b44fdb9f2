import { expect, test } from 'vitest'
import { buildFactsOf } from './build-facts.ts'
import { predicateTypes } from './predicate-types.ts'
import { readPredicate } from './read-predicate.ts'

function factsOf(type: string, predicate: object) {
  const read = readPredicate(type, predicate)
  if (!read) throw new Error(`${type} is not known.`)
  return buildFactsOf(read)
}

const commit = 'c27d339ee6075c1f744c5d4b200f7901aad2c369'

test('what GitHub Actions writes: the commit is found among the materials', () => {
  expect(
    factsOf(predicateTypes.slsaProvenance, {
      buildDefinition: {
        buildType: 'https://actions.github.io/buildtypes/workflow/v1',
        externalParameters: {
          workflow: {
            ref: 'refs/heads/main',
            repository: 'https://github.com/acme/api',
            path: '.github/workflows/release.yml',
          },
        },
        resolvedDependencies: [
          {
            uri: 'git+https://github.com/acme/api@refs/heads/main',
            digest: { gitCommit: commit },
          },
        ],
      },
      runDetails: {
        builder: { id: 'https://github.com/actions/runner/github-hosted' },
        metadata: {
          invocationId: 'https://github.com/acme/api/actions/runs/1/attempts/1',
          startedOn: '2026-01-02T03:04:05Z',
        },
      },
    }),
  ).toEqual({
    builder: 'https://github.com/actions/runner/github-hosted',
    buildType: 'https://actions.github.io/buildtypes/workflow/v1',
    source: { uri: 'https://github.com/acme/api@refs/heads/main', digest: `gitCommit:${commit}` },
    entryPoint: '.github/workflows/release.yml',
    invocation: 'https://github.com/acme/api/actions/runs/1/attempts/1',
    startedOn: '2026-01-02T03:04:05Z',
    finishedOn: undefined,
    materials: [
      {
        uri: 'git+https://github.com/acme/api@refs/heads/main',
        digest: `gitCommit:${commit}`,
      },
    ],
  })
})

test('what BuildKit writes in 0.2: version control stands in its own metadata', () => {
  const facts = factsOf(predicateTypes.slsaProvenance02, {
    builder: { id: '' },
    buildType: 'https://mobyproject.org/buildkit@v1',
    materials: [{ uri: 'pkg:docker/alpine@3.22', digest: { sha256: 'ab'.repeat(32) } }],
    invocation: { configSource: { entryPoint: 'Dockerfile' } },
    metadata: {
      buildInvocationID: 'xyz',
      buildStartedOn: '2026-01-02T03:04:05Z',
      buildFinishedOn: '2026-01-02T03:05:05Z',
      'https://mobyproject.org/buildkit@v1#metadata': {
        vcs: { source: 'https://github.com/acme/api.git', revision: commit },
      },
    },
  })
  expect(facts).toMatchObject({
    source: { uri: 'https://github.com/acme/api.git', digest: `gitCommit:${commit}` },
    entryPoint: 'Dockerfile',
    invocation: 'xyz',
    materials: [{ uri: 'pkg:docker/alpine@3.22', digest: `sha256:${'ab'.repeat(32)}` }],
  })
})

test('what BuildKit writes in 1: it was pointed at a repository', () => {
  const facts = factsOf(predicateTypes.slsaProvenance, {
    buildDefinition: {
      buildType:
        'https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md',
      externalParameters: {
        configSource: {
          uri: 'https://github.com/acme/api.git#main',
          digest: { sha1: commit },
          path: 'Dockerfile',
        },
      },
    },
    runDetails: { builder: { id: '' } },
  })
  expect(facts).toMatchObject({
    source: { uri: 'https://github.com/acme/api.git#main', digest: `sha1:${commit}` },
    entryPoint: 'Dockerfile',
    materials: [],
  })
})

test('members of another shape say nothing', () => {
  const facts = factsOf(predicateTypes.slsaProvenance, {
    buildDefinition: {
      buildType: 'b',
      externalParameters: { workflow: [1], configSource: { uri: 7, digest: 'x' }, __proto__: 1 },
    },
    runDetails: { builder: { id: 'a' } },
  })
  expect(facts).toMatchObject({ source: undefined, entryPoint: '', invocation: '' })
})

test('a bill of materials is no provenance', () => {
  const bill = { bomFormat: 'CycloneDX', specVersion: '1.6' }
  expect(factsOf(predicateTypes.cyclonedx, bill)).toBeUndefined()
})
