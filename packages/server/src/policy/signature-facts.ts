import { type ParsedManifest, parseManifest } from '@berth/oci/manifest.ts'
import { levelsOf } from '../access/project-name.ts'
import type { Executor } from '../metadata/database.ts'
import {
  attachmentsOf,
  identityOwners,
  manifestsIn,
  tagsNamed,
  verifiedSignatures,
} from '../metadata/policy-facts.ts'
import { attestedBy, sbomFormat } from './classify.ts'
import type { Facts, SignatureFacts } from './facts.ts'

const signaturesMax = 1000
const attachmentsMax = 1000
const attestationsMax = 50

/** A repository in which the same digest lies. */
export type Place = { readonly id: number; readonly name: string }

/** Verified signatures of the subjects, each with the projects that have an identity of its name above that repository. */
export async function loadSignatures(
  db: Executor,
  places: readonly Place[],
  subjects: readonly string[],
): Promise<SignatureFacts[]> {
  const ids = places.map(({ id }) => id)
  const rows = await verifiedSignatures(db, ids, subjects, signaturesMax)
  if (rows.length === 0) return []
  const nameOf = new Map(places.map(({ id, name }) => [id, name]))
  const levels = new Map(places.map(({ id, name }) => [id, new Set(levelsOf(name))]))
  const projects = [...new Set([...nameOf.values()].flatMap((name) => levelsOf(name)))]
  const owners = await identityOwners(db, projects)
  return rows.map((row) => ({
    identity: row.identity,
    projects: owners.flatMap(({ name, project }) =>
      name === row.identity && levels.get(row.repository_id)?.has(project) === true
        ? [project]
        : [],
    ),
    what: row.what,
    predicateType: row.predicate_type,
    on: row.subject_digest,
  }))
}

/** SBOMs of the subjects: referrers, cosign's tags, and what BuildKit puts into the index. */
export async function loadSboms(
  db: Executor,
  places: readonly Place[],
  subjects: readonly string[],
  indexes: readonly ParsedManifest[],
): Promise<Facts['sboms'][number][]> {
  const ids = places.map(({ id }) => id)
  const sboms: Facts['sboms'][number][] = []
  const add = (type: string | null | undefined, on: string) => {
    const format = sbomFormat(type)
    if (format) sboms.push({ format, on })
  }
  for (const { subject, artifactType } of await attachmentsOf(db, ids, subjects, attachmentsMax)) {
    add(artifactType, subject)
  }
  for (const { predicateType, on } of await loadSignatures(db, places, subjects)) {
    add(predicateType, on)
  }
  for (const { id } of places) {
    await addTagged(db, id, subjects, add)
    await addAttested(db, id, indexes, add)
  }
  return sboms
}

type Add = (type: string | null | undefined, on: string) => void

/** `sha256-<hex>.sbom`, where cosign puts an SBOM. */
async function addTagged(
  db: Executor,
  repositoryId: number,
  subjects: readonly string[],
  add: Add,
): Promise<void> {
  const subjectOf = new Map(subjects.map((digest) => [`${digest.replace(':', '-')}.sbom`, digest]))
  const tags = await tagsNamed(db, repositoryId, [...subjectOf.keys()])
  const rows = await manifestsIn(
    db,
    repositoryId,
    tags.map((tag) => tag.manifest_digest),
  )
  for (const { digest, payload, media_type: mediaType } of rows) {
    const tag = tags.find((each) => each.manifest_digest === digest)
    const on = subjectOf.get(tag?.name ?? '')
    if (on === undefined) continue
    for (const layer of layersOf(payload, mediaType)) add(layer.mediaType, on)
  }
}

async function addAttested(
  db: Executor,
  repositoryId: number,
  indexes: readonly ParsedManifest[],
  add: Add,
): Promise<void> {
  const attested = new Map<string, string>()
  for (const descriptor of indexes.flatMap(({ manifests }) => manifests)) {
    const on = attestedBy(descriptor)
    if (on !== undefined && attested.size < attestationsMax) attested.set(descriptor.digest, on)
  }
  for (const { digest, payload, media_type: mediaType } of await manifestsIn(db, repositoryId, [
    ...attested.keys(),
  ])) {
    for (const { annotations } of layersOf(payload, mediaType)) {
      add(annotations?.['in-toto.io/predicate-type'], attested.get(digest) ?? '')
    }
  }
}

function layersOf(payload: Uint8Array, mediaType: string): ParsedManifest['layers'] {
  try {
    return parseManifest(payload, mediaType).layers
  } catch {
    return []
  }
}
