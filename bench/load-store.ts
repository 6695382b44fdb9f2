import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Digest, makeDigest } from '@berth/oci/digest.ts'
import { parseRepositoryName, parseTagName } from '@berth/oci/reference.ts'
import { insertBlob, linkBlob } from '../packages/server/src/metadata/blobs.ts'
import type { Database, Transaction } from '../packages/server/src/metadata/database.ts'
import { insertManifest } from '../packages/server/src/metadata/manifests.ts'
import { ensureRepository } from '../packages/server/src/metadata/repositories.ts'
import { requestReviews } from '../packages/server/src/metadata/reviews.ts'
import { openSqlite } from '../packages/server/src/metadata/sqlite.ts'
import { claimTag } from '../packages/server/src/metadata/tags.ts'
import { newStorageKey } from '../packages/server/src/storage/storage-key.ts'

/** `tagsInLarge` tags in each large repository, one in each small one. The large ones sort first. */
export type StoreShape = {
  largeRepositories: number
  tagsInLarge: number
  smallRepositories: number
}

const repositoriesPerTransaction = 200

const manifestPayload = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: {
      mediaType: 'application/vnd.oci.empty.v1+json',
      digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
      size: 2,
      data: 'e30=',
    },
    layers: [],
  }),
)

/** The repositories in the order of the catalog. */
export function repositoryName(shape: StoreShape, number: number): string {
  const folder = number < shape.largeRepositories ? 'large' : 'small'
  return `${folder}/repository-${String(number).padStart(6, '0')}`
}

export function tagName(number: number): string {
  return `v${String(number).padStart(6, '0')}`
}

/** Fills the metadata of a data directory that no server has open. All tags of a repository are on one manifest without layers. */
export async function loadTags(dataDirectory: string, shape: StoreShape): Promise<void> {
  await withDatabase(dataDirectory, async (database) => {
    const total = shape.largeRepositories + shape.smallRepositories
    for (let start = 0; start < total; start += repositoriesPerTransaction) {
      await database.relaxedTransaction(async (tx) => {
        for (
          let number = start;
          number < Math.min(start + repositoriesPerTransaction, total);
          number++
        ) {
          const tags = number < shape.largeRepositories ? shape.tagsInLarge : 1
          await loadRepository(tx, repositoryName(shape, number), tags)
        }
      })
    }
  })
}

const inRoot = () => Promise.resolve(1)

async function loadRepository(tx: Transaction, name: string, tags: number): Promise<void> {
  const now = new Date().toISOString()
  const { id: repository } = await ensureRepository(tx, parseRepositoryName(name), now, inRoot)
  const digest = digestOfBytes(manifestPayload)
  await insertManifest(tx, {
    repository,
    digest,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    artifactType: undefined,
    payload: manifestPayload,
    subject: undefined,
    annotations: undefined,
    references: [],
    now,
  })
  for (let number = 0; number < tags; number++) {
    await claimTag(tx, { repository, name: parseTagName(tagName(number)), digest, now })
  }
}

/**
 * Adds `count` small blobs that nothing refers to, in one repository, all due for collection:
 * objects in storage, blob rows, links and a review of each link.
 */
export async function loadGarbage(
  dataDirectory: string,
  repositoryName: string,
  count: number,
): Promise<void> {
  const now = new Date().toISOString()
  const past = new Date(Date.now() - 365 * 86_400_000).toISOString()
  await withDatabase(dataDirectory, async (database) => {
    for (let start = 0; start < count; start += 1000) {
      const blobs = Array.from({ length: Math.min(1000, count - start) }, (_, offset) =>
        storeObject(dataDirectory, `garbage ${repositoryName} ${start + offset}`),
      )
      await database.relaxedTransaction(async (tx) => {
        const { id: repository } = await ensureRepository(
          tx,
          parseRepositoryName(repositoryName),
          now,
          inRoot,
        )
        for (const blob of blobs) {
          await insertBlob(tx, { ...blob, now })
          await linkBlob(tx, repository, blob.digest, past)
        }
        await requestReviews(
          tx,
          blobs.map(({ digest }) => ({
            subject: 'link' as const,
            repository_id: repository,
            digest,
            due_at: past,
          })),
        )
      })
    }
  })
}

/** Where the filesystem driver keeps an object by default. */
function storeObject(
  dataDirectory: string,
  text: string,
): { digest: Digest; size: number; storage_key: string } {
  const bytes = Buffer.from(text)
  const key = newStorageKey()
  const path = join(dataDirectory, 'blobs', key)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, bytes)
  return { digest: digestOfBytes(bytes), size: bytes.length, storage_key: key }
}

async function withDatabase(
  dataDirectory: string,
  work: (database: Database) => Promise<void>,
): Promise<void> {
  const database = await openSqlite({ file: databaseFile(dataDirectory) })
  try {
    await work(database)
  } finally {
    await database.close()
  }
}

export function databaseFile(dataDirectory: string): string {
  return join(dataDirectory, 'metadata.sqlite')
}

function digestOfBytes(bytes: Buffer): Digest {
  return makeDigest('sha256', createHash('sha256').update(bytes).digest('hex'))
}

/** Spreads `tags` over `repositories`: one in each, and the rest evenly over a hundredth of them. */
export function storeShape(repositories: number, tags: number): StoreShape {
  const largeRepositories = Math.max(1, Math.round(repositories / 100))
  const tagsInLarge = Math.round((tags - repositories) / largeRepositories) + 1
  return { largeRepositories, tagsInLarge, smallRepositories: repositories - largeRepositories }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      'data-directory': { type: 'string' },
      repositories: { type: 'string', default: '100000' },
      tags: { type: 'string', default: '1000000' },
    },
  })
  const directory = values['data-directory']
  if (directory === undefined) {
    throw new Error(
      'node bench/load-store.ts --data-directory <folder> [--repositories n] [--tags n]: the folder is missing',
    )
  }
  await loadTags(resolve(directory), storeShape(Number(values.repositories), Number(values.tags)))
}
