import type { TrustedRoot } from '@berth/signing/trusted-root.ts'
import type { AccessChanges, ChangeContext } from '../access/changes.ts'
import { BerthError } from '../errors.ts'
import type { JobQueue } from '../jobs/queue.ts'
import type { Database } from '../metadata/database.ts'
import { deleteRoot, listRoots, putRoot, type StoredRoot } from '../metadata/trusted-roots.ts'

const rootsMax = 20

export type RootView = {
  name: string
  certificateAuthorities: number
  logs: number
  timestampAuthorities: number
  createdAt: string
  createdBy: string
}

/** The Sigstore roots of this instance: keyless signatures are judged by them, without any network. */
export class TrustedRoots {
  readonly #database: Database
  readonly #changes: AccessChanges
  readonly #queue: JobQueue

  constructor(parts: { database: Database; changes: AccessChanges; queue: JobQueue }) {
    this.#database = parts.database
    this.#changes = parts.changes
    this.#queue = parts.queue
  }

  async listRoots(): Promise<RootView[]> {
    return Promise.all((await listRoots(this.#database.read)).map(toView))
  }

  /** Adds a root, or replaces the one of this name. Throws `requestInvalid` for a document that is no trusted root. */
  async setRoot(context: ChangeContext, name: string, document: string): Promise<RootView> {
    await readRoot({ name, document })
    return this.#changes.run(context, async ({ tx, now, record }) => {
      const others = (await listRoots(tx)).filter((root) => root.name !== name)
      if (others.length >= rootsMax) {
        throw new BerthError('conflict', `There are ${rootsMax} trusted roots, which is the limit.`)
      }
      const root = { name, document, createdAt: now, createdBy: context.actor.name }
      await putRoot(tx, root)
      await record(event('trustedRoot.set', name))
      await this.#queue.enqueue(tx, { name: 'verify-project-signatures', payload: { project: '' } })
      return toView(root)
    })
  }

  /** Signatures that rest on it count until they are judged anew, in a job that this asks for. Throws `notFound`. */
  async deleteRoot(context: ChangeContext, name: string): Promise<void> {
    await this.#changes.run(context, async ({ tx, record }) => {
      if (!(await deleteRoot(tx, name))) {
        throw new BerthError('notFound', 'There is no trusted root of this name.')
      }
      await record(event('trustedRoot.deleted', name))
      await this.#queue.enqueue(tx, { name: 'verify-project-signatures', payload: { project: '' } })
    })
  }
}

/** Throws `requestInvalid`, with the place in the document. */
export async function readRoot(
  stored: Pick<StoredRoot, 'name' | 'document'>,
): Promise<TrustedRoot> {
  // Loaded when there is a root: the server starts faster without.
  const { parseTrustedRoot, TrustedRootInvalid } = await import('@berth/signing/trusted-root.ts')
  try {
    return parseTrustedRoot(stored.name, Buffer.from(stored.document))
  } catch (error) {
    if (!(error instanceof TrustedRootInvalid)) throw error
    throw new BerthError('requestInvalid', error.message, {
      details: [{ field: 'document', rule: 'trustedRoot' }],
    })
  }
}

async function toView(stored: StoredRoot): Promise<RootView> {
  const { material } = await readRoot(stored)
  return {
    name: stored.name,
    certificateAuthorities: material.certificateAuthorities.length,
    logs: material.tlogs.length + material.ctlogs.length,
    timestampAuthorities: material.timestampAuthorities.length,
    createdAt: stored.createdAt,
    createdBy: stored.createdBy,
  }
}

function event(action: string, name: string) {
  return { action, targetKind: 'trustedRoot', target: name, project: '' }
}
