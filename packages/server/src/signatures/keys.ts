import type { Signer } from '@berth/signing/signer.ts'
import { createPrivateKey, createPublicKey, generateKeyPair, randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import type { AccessChanges, ChangeContext } from '../access/changes.ts'
import { levelsOf } from '../access/project-name.ts'
import { projectUnknown } from '../access/projects.ts'
import { BerthError } from '../errors.ts'
import type { JobQueue } from '../jobs/queue.ts'
import type { Database } from '../metadata/database.ts'
import { findProject, lockProject } from '../metadata/projects.ts'
import { getOrCreateSecret } from '../metadata/secrets.ts'
import {
  findSigningKey,
  insertSigningKey,
  listSigningKeys,
  retireSigningKey,
  type StoredSigningKey,
} from '../metadata/signing-keys.ts'
import { Sealing } from '../sealing.ts'
import { addIdentity } from './identities.ts'

const generate = promisify(generateKeyPair)
const curves = { 'ecdsa-p256': 'P-256', 'ecdsa-p384': 'P-384', 'ecdsa-p521': 'P-521' } as const

export type SigningKeyView = Omit<StoredSigningKey, 'id' | 'projectId' | 'sealedPrivateKey'>

/**
 * Keys that Berth signs with. They stand in projects and sign for repositories there and below. The private half is in
 * the database, sealed with a secret of the instance and bound to its row, and leaves it never.
 */
export class SigningKeys {
  readonly #database: Database
  readonly #changes: AccessChanges
  readonly #queue: JobQueue
  readonly #sealing: Sealing

  private constructor(
    parts: { database: Database; changes: AccessChanges; queue: JobQueue },
    secret: Buffer,
  ) {
    this.#database = parts.database
    this.#changes = parts.changes
    this.#queue = parts.queue
    this.#sealing = new Sealing(secret)
  }

  /** All processes on one database share the secret. */
  static async open(parts: {
    database: Database
    changes: AccessChanges
    queue: JobQueue
  }): Promise<SigningKeys> {
    return new SigningKeys(parts, await getOrCreateSecret(parts.database, 'signing-keys', 32))
  }

  /** The keys of this very project, retired ones too. Throws `notFound`. */
  async listKeys(project: string): Promise<SigningKeyView[]> {
    const found = await findProject(this.#database.read, project)
    if (!found) throw projectUnknown()
    return (await listSigningKeys(this.#database.read, found.id)).map(toView)
  }

  /** Makes a key and trusts it in the project. Throws `notFound`, `conflict` when the name is taken. */
  async createKey(
    context: ChangeContext,
    project: string,
    input: { readonly name: string; readonly algorithm: keyof typeof curves },
  ): Promise<SigningKeyView> {
    const { name, algorithm } = input
    const { privateKey } = await generate('ec', { namedCurve: curves[algorithm] })
    const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' })
    const id = randomUUID()
    const sealed = this.#sealing.seal(id, privateKey.export({ type: 'pkcs8', format: 'der' }))
    return this.#changes.run(context, async ({ tx, now, record }) => {
      const found = await lockProject(tx, project)
      if (!found) throw projectUnknown()
      const stored: StoredSigningKey = {
        id,
        projectId: found.id,
        name,
        algorithm,
        publicKey,
        sealedPrivateKey: sealed,
        createdAt: now,
        createdBy: context.actor.name,
        retiredAt: null,
      }
      if (!(await insertSigningKey(tx, stored))) {
        throw new BerthError(
          'conflict',
          `The project has or had a signing key named ${name}. Choose another name: signatures tell keys apart by it.`,
          { details: [{ field: 'name', rule: 'unique' }] },
        )
      }
      await addIdentity(tx, {
        id: randomUUID(),
        projectId: found.id,
        name,
        kind: 'key',
        identity: JSON.stringify({ name, kind: 'key', publicKeyPem: publicKey }),
        createdAt: now,
        createdBy: context.actor.name,
      })
      await record({
        ...event('signingKey.created', project, name),
        after: { algorithm, publicKey },
      })
      await this.#queue.enqueue(tx, { name: 'verify-project-signatures', payload: { project } })
      return toView(stored)
    })
  }

  /** Destroys the private half. What it signed counts for as long as its identity is trusted. Throws `notFound`. */
  async retireKey(context: ChangeContext, project: string, name: string): Promise<void> {
    await this.#changes.run(context, async ({ tx, now, record }) => {
      const found = await lockProject(tx, project)
      if (!found) throw projectUnknown()
      if (!(await retireSigningKey(tx, found.id, name, now))) {
        throw new BerthError('notFound', 'The project has no signing key of this name in use.')
      }
      await record(event('signingKey.retired', project, name))
    })
  }

  /** The key of this name in the nearest project above the repository. Throws `notFound`, `conflict` for a retired one. */
  async signer(repository: string, name: string): Promise<{ signer: Signer; project: string }> {
    const key = await findSigningKey(this.#database.read, levelsOf(repository), name)
    if (!key) {
      throw new BerthError(
        'notFound',
        `No project above ${repository} has a signing key named ${name}. Make one with POST /projects/{project}/signing-keys.`,
      )
    }
    if (key.sealedPrivateKey === null) {
      throw new BerthError('conflict', `The signing key ${name} is retired and signs no more.`)
    }
    const { localSigner } = await import('@berth/signing/signer.ts')
    const der = this.#sealing.open(key.id, key.sealedPrivateKey)
    const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    return { signer: localSigner(privateKey), project: key.project }
  }
}

function toView(stored: StoredSigningKey): SigningKeyView {
  const { name, algorithm, publicKey, createdAt, createdBy, retiredAt } = stored
  return { name, algorithm, publicKey, createdAt, createdBy, retiredAt }
}

function event(action: string, project: string, name: string) {
  return { action, targetKind: 'signingKey', target: name, project }
}
