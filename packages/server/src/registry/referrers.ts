import type { Descriptor } from '@berth/oci/descriptor.ts'
import type { Digest } from '@berth/oci/digest.ts'
import { parseGuardedJson } from '@berth/oci/json-guard.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'
import type { Database } from '../metadata/database.ts'
import { type ReferrerRow, referrersOf } from '../metadata/referrers.ts'

/** containerd reads a single page and refuses one above 4 MiB, so pages are as large as that allows. */
const entriesPerPage = 1000
const bytesPerPage = 3 << 20

/** What refers to a manifest: signatures, SBOMs, attestations, anything with a `subject`. */
export class Referrers {
  readonly #database: Database

  constructor(parts: { database: Database }) {
    this.#database = parts.database
  }

  /**
   * Manifests of this repository whose subject is `subject`, tagged or not. Several artifact types mean any of them.
   * A subject or repository that does not exist has no referrers. `next` is the last digest when there are more.
   */
  async listReferrers(
    repository: RepositoryName,
    subject: Digest,
    filter: { artifactTypes: readonly string[]; after: string | undefined },
  ): Promise<{ descriptors: Descriptor[]; next: string | undefined }> {
    const rows = await referrersOf(this.#database.read, {
      repository,
      subject,
      artifactTypes: filter.artifactTypes,
      after: filter.after ?? '',
      limit: entriesPerPage + 1,
    })
    const fitting = countFitting(rows)
    const page = rows.slice(0, fitting)
    return {
      descriptors: page.map(toDescriptor),
      next: fitting < rows.length ? page.at(-1)?.digest : undefined,
    }
  }
}

/** At least one, so that a page always moves on. */
function countFitting(rows: readonly ReferrerRow[]): number {
  let bytes = 0
  let count = 0
  for (const row of rows) {
    bytes += 300 + Buffer.byteLength(row.annotations ?? '')
    if (count > 0 && (count >= entriesPerPage || bytes > bytesPerPage)) break
    count += 1
  }
  return count
}

function toDescriptor(row: ReferrerRow): Descriptor {
  return {
    mediaType: row.media_type,
    digest: row.digest,
    size: row.size,
    ...(row.artifact_type === null ? {} : { artifactType: row.artifact_type }),
    ...(row.annotations === null ? {} : { annotations: readAnnotations(row.annotations) }),
  }
}

/** Not `JSON.parse`: in this Node it can mistake escaped keys (nodejs/node#63785), and these keys are a stranger's. */
function readAnnotations(stored: string): Record<string, string> {
  return parseGuardedJson(Buffer.from(stored)) as Record<string, string>
}
