import type { ManifestModel, Model, RepositoryModel, StoredBlob } from './kill-model.ts'
import type { ExpectantClient } from './kill-uploads.ts'
import { describeAnswer, digestOf } from './registry-client.ts'

const readersAtOnce = 8
/** Sessions idle for longer may have expired. */
export const sessionsCertainMs = 8_000

/** Pulls a blob; says what is wrong with it, if anything is. */
export async function fetchBlob(
  http: ExpectantClient,
  repository: string,
  blob: StoredBlob,
): Promise<string | undefined> {
  const answer = await http.send('GET', `/v2/${repository}/blobs/${blob.digest}`)
  if (answer.status !== 200) return `${repository}: blob ${blob.digest} answers ${answer.status}`
  if (answer.body.length === blob.size && digestOf(answer.body) === blob.digest) return undefined
  return `${repository}: blob ${blob.digest} has other bytes (${answer.body.length} of ${blob.size})`
}

/**
 * Pulls a manifest by digest with all that it refers to; says what is wrong, if anything is.
 * Blobs in `fetched` are not pulled again; those that are good are added.
 */
export async function fetchManifest(
  http: ExpectantClient,
  repository: RepositoryModel,
  manifest: ManifestModel,
  fetched = new Set<string>(),
): Promise<string | undefined> {
  const { digest, payload, mediaType } = manifest
  const answer = await http.send('GET', `/v2/${repository.name}/manifests/${digest}`)
  if (answer.status !== 200)
    return `${repository.name}: manifest ${digest} answers ${answer.status}`
  if (!answer.body.equals(payload)) return `${repository.name}: manifest ${digest} has other bytes`
  if (answer.headers['content-type'] !== mediaType) return `${digest} has another media type`
  for (const blob of manifest.blobs) {
    const name = `${repository.name}@${blob.digest}`
    if (fetched.has(name)) continue
    const fault = await fetchBlob(http, repository.name, blob)
    if (fault !== undefined) return `${fault}, but manifest ${digest} needs it`
    fetched.add(name)
  }
  for (const child of manifest.children) {
    const model = repository.manifests.get(child)
    // A client may delete a manifest that an index lists; collection must not.
    if (model?.state !== 'present') continue
    const fault = await fetchManifest(http, repository, model, fetched)
    if (fault !== undefined) return `${fault}, but index ${digest} lists it`
  }
  return undefined
}

/**
 * Compares what was touched since the last look with the model, or everything, and settles what was unsure.
 * Returns every lie found. Nobody else may use the registry meanwhile; collection may.
 */
export async function checkRegistry(
  http: ExpectantClient,
  model: Model,
  everything: boolean,
): Promise<string[]> {
  const faults: string[] = []
  const fetched = new Set<string>()
  const looks = { tags: [] as Look[], rest: [] as Look[] }
  for (const repository of model.repositories) {
    const touched = model.touched.get(repository)
    const tags = everything ? repository.tagNames() : [...(touched?.tags ?? [])]
    const digests = everything ? [...repository.manifests.keys()] : [...(touched?.manifests ?? [])]
    const deletedBlobs = [...repository.deletedBlobs].slice(everything ? 0 : -10)
    looks.tags.push(...tags.map((tag) => () => checkTag(http, repository, tag)))
    looks.rest.push(
      () => checkTagList(http, repository),
      ...digests
        .flatMap((digest) => repository.manifests.get(digest) ?? [])
        .map((manifest) => () => checkManifest(http, repository, manifest, fetched)),
      ...deletedBlobs.map((digest) => () => checkDeletedBlob(http, repository, digest)),
    )
  }
  // Tags first: what one of them shows settles its manifest.
  for (const some of [looks.tags, looks.rest]) faults.push(...(await lookInParallel(some)))
  faults.push(...(await checkSessions(http, model)))
  model.touched.clear()
  return faults
}

/** Looks at one thing and says what is wrong with it. */
type Look = () => Promise<string[]>

async function lookInParallel(looks: readonly Look[]): Promise<string[]> {
  const faults: string[] = []
  const queue = looks.values()
  const reader = async (): Promise<void> => {
    for (const look of queue) faults.push(...(await look()))
  }
  await Promise.all(Array.from({ length: readersAtOnce }, reader))
  return faults
}

async function checkTag(
  http: ExpectantClient,
  repository: RepositoryModel,
  tag: string,
): Promise<string[]> {
  const where = `${repository.name}:${tag}`
  const possible = repository.possible(tag)
  const answer = await http.send('GET', `/v2/${repository.name}/manifests/${tag}`)
  const digest = answer.status === 200 ? digestOf(answer.body) : undefined
  if (answer.status !== 200 && answer.status !== 404) return [`${where} answers ${answer.status}`]
  if (!possible.has(digest ?? 'none')) {
    return [`${where} is ${digest ?? 'gone'}, but may only be ${[...possible].join(' or ')}`]
  }
  repository.settleTag(tag, digest)
  const manifest = digest === undefined ? undefined : repository.manifests.get(digest)
  // One transaction makes both, so whoever sees the tag has the manifest.
  if (manifest?.state === 'unsure') manifest.state = 'present'
  return []
}

async function checkTagList(http: ExpectantClient, repository: RepositoryModel): Promise<string[]> {
  const answer = await http.send('GET', `/v2/${repository.name}/tags/list?n=1000`)
  const listed =
    answer.status === 200 ? (JSON.parse(answer.body.toString()) as { tags: string[] }).tags : []
  const known = repository.tagNames()
  return [
    ...known
      .filter((tag) => repository.certain(tag) !== undefined && !listed.includes(tag))
      .map((tag) => `${repository.name}: the list lacks the tag ${tag}`),
    ...listed
      .filter((tag) => !known.includes(tag))
      .map((tag) => `${repository.name}: the list has the deleted tag ${tag}`),
  ]
}

async function checkManifest(
  http: ExpectantClient,
  repository: RepositoryModel,
  manifest: ManifestModel,
  fetched: Set<string>,
): Promise<string[]> {
  const owed = repository.mustBePresent(manifest)
  const path = `/v2/${repository.name}/manifests/${manifest.digest}`
  const answer = await http.send('HEAD', path)
  if (answer.status === 404) {
    if (owed) return [`${repository.name}: the acknowledged manifest ${manifest.digest} is gone`]
    if (manifest.state !== 'absent') repository.endDelete(manifest.digest)
    return []
  }
  if (!repository.mayBePresent(manifest)) {
    return [`${repository.name}: the deleted manifest ${manifest.digest} answers ${answer.status}`]
  }
  const fault = await fetchManifest(http, repository, manifest, fetched)
  if (fault !== undefined) {
    // Collection may have come in between, if the manifest was not owed to anybody.
    if (!owed && (await http.send('HEAD', path)).status === 404) {
      repository.endDelete(manifest.digest)
      return []
    }
    return [fault]
  }
  manifest.state = 'present'
  return manifest.subject === undefined ? [] : checkReferrers(http, repository, manifest, owed)
}

async function checkReferrers(
  http: ExpectantClient,
  repository: RepositoryModel,
  manifest: ManifestModel,
  owed: boolean,
): Promise<string[]> {
  const path = `/v2/${repository.name}/referrers/${manifest.subject}`
  const answer = await http.send('GET', path)
  if (answer.status === 200 && (!owed || answer.body.includes(manifest.digest))) return []
  return [
    `${repository.name}: ${manifest.digest} is not among the referrers of ${manifest.subject}`,
  ]
}

async function checkDeletedBlob(
  http: ExpectantClient,
  repository: RepositoryModel,
  digest: string,
): Promise<string[]> {
  const answer = await http.send('HEAD', `/v2/${repository.name}/blobs/${digest}`)
  if (answer.status === 404) return []
  return [`${repository.name}: the deleted blob ${digest} answers ${answer.status}`]
}

/** Every session that was left open stands where a request left it, and takes up from there. */
async function checkSessions(http: ExpectantClient, model: Model): Promise<string[]> {
  const faults: string[] = []
  const open = model.sessions.filter(({ touchedAt }) => Date.now() - touchedAt < sessionsCertainMs)
  const stillOpen: typeof open = []
  for (const session of open) {
    const answer = await http.send('GET', session.location)
    if (answer.status === 404 && session.mayBeGone) continue
    const range = answer.headers['range']
    const offset = [...session.offsets].find((at) => range === `0-${Math.max(0, at - 1)}`)
    if (answer.status !== 204 || offset === undefined) {
      const offsets = [...session.offsets].join(' or ')
      const age = Date.now() - session.touchedAt
      faults.push(
        `a session at ${offsets}, used ${age} ms ago, answers with Range ${range}: ${describeAnswer(answer)}`,
      )
      continue
    }
    session.location = answer.headers['location'] ?? session.location
    session.offsets = new Set([offset])
    session.mayBeGone = false
    stillOpen.push(session)
  }
  model.sessions = stillOpen
  return faults
}
