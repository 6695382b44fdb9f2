import {
  type Trial,
  expect,
  expectError,
  expectHeader,
  expectJson,
  expectStatus,
  readJson,
} from '../check.ts'
import {
  algorithms,
  type Descriptor,
  descriptor,
  digestOf,
  encode,
  encodeIndex,
  freshBytes,
  makeImage,
  manifestPath,
  pushBlob,
  pushImage,
  putManifest,
  types,
} from '../content.ts'
import type { Answer, Registry } from '../registry.ts'

const repository = 'conformance/referrers'
const annotations = { 'org.example.note': 'hello', 'org.example.ünicode': '"\\' }

/** spec end-12. */
export async function checkReferrers(trial: Trial): Promise<void> {
  const { check, registry } = trial
  await check('a repository that is not there has no referrers', async () => {
    expectReferrers(await list(registry, digestOf('x'), '', 'conformance/nowhere'), [])
    const zeros = `sha256:${'0'.repeat(64)}`
    expectReferrers(await list(registry, zeros, '', 'conformance/nowhere'), [])
  })
  for (const digest of ['sha256:bad', 'latest', `md5:${'0'.repeat(32)}`]) {
    await check(`"${digest.slice(0, 20)}" is nothing that could have referrers`, async () => {
      expectError(await list(registry, digest), 400, 'DIGEST_INVALID')
    })
  }
  for (const algorithm of algorithms) {
    const image = await pushImage(registry, repository)
    expectStatus(await putManifest(registry, repository, digestOf(image, algorithm), image), 201)
    await checkSubject(
      trial,
      `of an image, ${algorithm}`,
      descriptor(types.image, image, algorithm),
    )
    const absent = descriptor(types.image, freshBytes(50), algorithm)
    await checkSubject(trial, `of an absent image, ${algorithm}`, absent)
  }
  await checkWeakLinks(trial)
}

type Referrer = { bytes: Buffer; entry: Descriptor }

async function makeReferrers(registry: Registry, subject: Descriptor): Promise<Referrer[]> {
  const empty = Buffer.from('{}')
  await pushBlob(registry, repository, empty)
  const config = descriptor(types.empty, empty)
  const artifactOf = (artifactType: string): Buffer =>
    encode({
      schemaVersion: 2,
      mediaType: types.image,
      artifactType,
      config,
      layers: [config],
      subject,
      annotations: { ...annotations, id: freshBytes(4).toString('hex') },
    })
  const image = await makeImage(registry, repository, { subject })
  const index = encodeIndex([], { subject, annotations })
  const typed = encodeIndex([], { subject, artifactType: types.artifact, annotations })
  return [
    describe(artifactOf(types.artifact), types.image, types.artifact),
    describe(artifactOf(types.otherArtifact), types.image, types.otherArtifact),
    describe(image, types.image, types.config),
    describe(index, types.index, undefined),
    describe(typed, types.index, types.artifact),
  ]
}

function describe(bytes: Buffer, mediaType: string, artifactType: string | undefined): Referrer {
  const { annotations } = JSON.parse(bytes.toString()) as Descriptor
  const entry = {
    ...descriptor(mediaType, bytes),
    ...(artifactType !== undefined && { artifactType }),
    ...(annotations !== undefined && { annotations }),
  }
  return { bytes, entry }
}

async function checkSubject(
  { check, registry }: Trial,
  title: string,
  subject: Descriptor,
): Promise<void> {
  const referrers = await makeReferrers(registry, subject)
  const entries = referrers.map(({ entry }) => entry)
  const ofType = (...wanted: string[]) =>
    entries.filter(({ artifactType }) => wanted.includes(artifactType ?? ''))
  await check(`no referrers ${title} before they are pushed`, async () => {
    expectReferrers(await list(registry, subject.digest), [])
    const filtered = await list(registry, subject.digest, `?artifactType=${types.artifact}`)
    expectReferrers(filtered, [])
    expectHeader(filtered, 'oci-filters-applied', 'artifactType')
  })
  await check(`referrers ${title} are pushed, some with a tag, and name the subject`, async () => {
    for (const [at, { bytes, entry }] of referrers.entries()) {
      const reference = at === 0 ? `tag-${subject.digest.slice(7, 20)}` : entry.digest
      const answer = await putManifest(registry, repository, reference, bytes, entry.mediaType)
      expectStatus(answer, 201)
      expectHeader(answer, 'oci-subject', subject.digest)
    }
  })
  await check(`all referrers ${title} are listed, once, with all they tell`, async () => {
    const first = referrers[1]
    if (first) await putManifest(registry, repository, first.entry.digest, first.bytes)
    const answer = await list(registry, subject.digest)
    expectReferrers(answer, entries)
    expectHeader(answer, 'oci-filters-applied', undefined)
  })
  const one = encodeURIComponent(types.artifact)
  const two = encodeURIComponent(types.otherArtifact)
  for (const [query, wanted] of [
    [`?artifactType=${one}`, ofType(types.artifact)],
    [`?artifactType=${types.artifact}`, ofType(types.artifact)],
    [`?artifactType=${encodeURIComponent(types.config)}`, ofType(types.config)],
    [`?artifactType=${one}&artifactType=${two}`, ofType(types.artifact, types.otherArtifact)],
    ['?artifactType=application/nothing', []],
  ] as const) {
    await check(`referrers ${title} by ${query.slice(0, 60)}`, async () => {
      const answer = await list(registry, subject.digest, query)
      expectReferrers(answer, wanted)
      expectHeader(answer, 'oci-filters-applied', 'artifactType')
    })
  }
  await check(`referrers ${title} are those of this repository only`, async () => {
    expectReferrers(await list(registry, subject.digest, '', 'conformance/manifests'), [])
  })
  await check(`a referrer ${title} that is deleted is not listed`, async () => {
    const [first, ...rest] = entries
    const path = manifestPath(repository, first?.digest ?? '')
    expectStatus(await registry.ask('DELETE', path), 202)
    expectReferrers(await list(registry, subject.digest), rest)
  })
}

async function checkWeakLinks({ check, registry }: Trial): Promise<void> {
  await check('deleting a subject leaves its referrers listed', async () => {
    const image = await pushImage(registry, repository)
    const subject = descriptor(types.image, image)
    const referrer = await pushImage(registry, repository, undefined, { subject })
    expectStatus(await registry.ask('DELETE', manifestPath(repository, subject.digest)), 202)
    const { entry } = describe(referrer, types.image, types.config)
    expectReferrers(await list(registry, subject.digest), [entry])
  })
  await check('a referrer in the other algorithm is listed by the subject it names', async () => {
    const subject = descriptor(types.image, freshBytes(40), 'sha512')
    const bytes = await makeImage(registry, repository, { subject })
    const digest = digestOf(bytes, 'sha512')
    expectStatus(await putManifest(registry, repository, digest, bytes), 201)
    const { entry } = describe(bytes, types.image, types.config)
    expectReferrers(await list(registry, subject.digest), [{ ...entry, digest }])
  })
}

function list(
  registry: Registry,
  digest: string,
  query = '',
  name: string = repository,
): Promise<Answer> {
  return registry.ask('GET', `/v2/${name}/referrers/${digest}${query}`)
}

/** The answer must be an index of exactly these entries, in any order. */
function expectReferrers(answer: Answer, wanted: readonly Descriptor[]): void {
  expectStatus(answer, 200)
  expectHeader(answer, 'content-type', types.index)
  expectHeader(answer, 'content-length', String(answer.body.length))
  const index = readJson<{ schemaVersion: number; mediaType: string; manifests: Descriptor[] }>(
    answer,
  )
  expect(answer, index.schemaVersion === 2, 'schemaVersion 2')
  expect(answer, index.mediaType === types.index, `mediaType ${types.index}`)
  expectJson(answer, index.manifests.map(canonical).toSorted(), wanted.map(canonical).toSorted())
}

/** One text for one descriptor, whatever the order of its fields. */
function canonical(entry: Descriptor): string {
  const sorted = (value: object) => Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify(sorted({ ...entry, annotations: sorted(entry.annotations ?? {}) }))
}
