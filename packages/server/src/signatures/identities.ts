import { parseTextOrGlob, type TrustedIdentity, trustedIdentity } from '@berth/signing/trust.ts'
import { randomUUID } from 'node:crypto'
import type { AccessChanges, ChangeContext } from '../access/changes.ts'
import { levelsOf } from '../access/project-name.ts'
import { projectUnknown } from '../access/projects.ts'
import { BerthError } from '../errors.ts'
import type { JobQueue } from '../jobs/queue.ts'
import type { Database, Transaction } from '../metadata/database.ts'
import { findProject, lockProject } from '../metadata/projects.ts'
import { refuseIdentity } from '../metadata/signature-verdicts.ts'
import {
  countIdentities,
  deleteIdentity,
  identitiesOfProjects,
  insertIdentity,
  type StoredIdentity,
} from '../metadata/trusted-identities.ts'
import type { AttestedClaims } from './attested-claims.ts'

/** Of one project: every signature is tried against all of them. */
const identitiesMax = 50

export type IdentityInput =
  | { readonly kind: 'key'; readonly publicKey: string }
  | { readonly kind: 'keyless'; readonly issuer: string; readonly subject: string }
  | {
      readonly kind: 'notation'
      readonly certificates: string[]
      readonly subject?: string | undefined
    }

export type IdentityView = {
  name: string
  identity: IdentityInput
  project: string
  createdAt: string
  createdBy: string
}

/**
 * Whose signatures count. They stand in projects, `''` being the instance, and count below them too. A change judges
 * every stored signature of the project anew, in a job.
 */
export class TrustedIdentities {
  readonly #database: Database
  readonly #changes: AccessChanges
  readonly #queue: JobQueue
  readonly #claims: AttestedClaims

  constructor(parts: {
    database: Database
    changes: AccessChanges
    queue: JobQueue
    claims: AttestedClaims
  }) {
    this.#database = parts.database
    this.#changes = parts.changes
    this.#queue = parts.queue
    this.#claims = parts.claims
  }

  /** Those of the project and of the projects above it, the nearest first. Throws `notFound`. */
  async listIdentities(project: string): Promise<IdentityView[]> {
    if (!(await findProject(this.#database.read, project))) throw projectUnknown()
    const rows = await identitiesOfProjects(this.#database.read, levelsOf(project))
    return rows.map(toView)
  }

  /** Throws `notFound`, `requestInvalid` for a key or certificate that cannot be read, `conflict` for a name that is taken. */
  async createIdentity(
    context: ChangeContext,
    project: string,
    input: { readonly name: string; readonly identity: IdentityInput },
  ): Promise<IdentityView> {
    const checked = checkIdentity(input.name, input.identity)
    return this.#changes.run(context, async ({ tx, now, record }) => {
      const found = await lockProject(tx, project)
      if (!found) throw projectUnknown()
      await addIdentity(tx, {
        id: randomUUID(),
        projectId: found.id,
        name: input.name,
        kind: checked.kind,
        identity: JSON.stringify(checked),
        createdAt: now,
        createdBy: context.actor.name,
      })
      await record({ ...event('trustedIdentity.created', project, input.name), after: checked })
      await this.#judgeAnew(tx, project)
      return { ...input, project, createdAt: now, createdBy: context.actor.name }
    })
  }

  /** Its verdicts are gone at once. Throws `notFound`. */
  async deleteIdentity(context: ChangeContext, project: string, name: string): Promise<void> {
    await this.#changes.run(context, async ({ tx, now, record }) => {
      const found = await lockProject(tx, project)
      if (!found) throw projectUnknown()
      if (!(await deleteIdentity(tx, found.id, name))) {
        throw new BerthError(
          'notFound',
          'The project has no trusted identity of this name. One of a project above is removed there.',
        )
      }
      await refuseIdentity(tx, project, name, {
        reason: 'no-trusted-identity',
        message: `The identity ${name} that signed is trusted no more.`,
        now,
      })
      await this.#claims.withdraw(tx, { project, author: name })
      await record(event('trustedIdentity.deleted', project, name))
      await this.#judgeAnew(tx, project)
    })
  }

  async #judgeAnew(tx: Transaction, project: string): Promise<void> {
    await this.#queue.enqueue(tx, { name: 'verify-project-signatures', payload: { project } })
  }
}

/** Adds a row within its limits. Throws `conflict`. */
export async function addIdentity(
  tx: Transaction,
  identity: Omit<StoredIdentity, 'project'>,
): Promise<void> {
  if ((await countIdentities(tx, identity.projectId)) >= identitiesMax) {
    throw new BerthError(
      'conflict',
      `The project trusts ${identitiesMax} identities, which is the limit. Remove some.`,
    )
  }
  if (await insertIdentity(tx, identity)) return
  throw new BerthError(
    'conflict',
    `The project has a trusted identity named ${identity.name} already.`,
    { details: [{ field: 'name', rule: 'unique' }] },
  )
}

/** As the signing package knows it. Throws `requestInvalid` with the field that is wrong. */
function checkIdentity(name: string, input: IdentityInput): TrustedIdentity {
  const parsed = trustedIdentity.safeParse(toTrusted(name, input))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const field = String(issue?.path[0] ?? 'identity').replace('publicKeyPem', 'publicKey')
  throw new BerthError('requestInvalid', `The identity cannot be used: ${issue?.message}`, {
    details: [{ field: `identity.${field}`, rule: 'identity' }],
  })
}

function toTrusted(name: string, input: IdentityInput): unknown {
  switch (input.kind) {
    case 'key':
      return { name, kind: 'key', publicKeyPem: input.publicKey }
    case 'keyless':
      return {
        name,
        kind: 'keyless',
        issuer: parseTextOrGlob(input.issuer),
        subject: parseTextOrGlob(input.subject),
      }
    case 'notation':
      return {
        name,
        kind: 'notation',
        certificates: input.certificates,
        ...(input.subject !== undefined && { subjects: [input.subject] }),
      }
  }
}

function toView(stored: StoredIdentity): IdentityView {
  const { name, project, createdAt, createdBy } = stored
  return { name, identity: fromTrusted(readIdentity(stored)), project, createdAt, createdBy }
}

/** What stands in the table; another version of Berth may have written it. */
export function readIdentity(stored: Pick<StoredIdentity, 'identity'>): TrustedIdentity {
  return trustedIdentity.parse(JSON.parse(stored.identity))
}

function fromTrusted(identity: TrustedIdentity): IdentityInput {
  const text = (value: string | { glob: string }) =>
    typeof value === 'string' ? value : value.glob
  switch (identity.kind) {
    case 'key':
      return { kind: 'key', publicKey: identity.publicKeyPem }
    case 'keyless':
      return { kind: 'keyless', issuer: text(identity.issuer), subject: text(identity.subject) }
    case 'notation':
      return {
        kind: 'notation',
        certificates: identity.certificates,
        ...(identity.subjects?.[0] !== undefined && { subject: identity.subjects[0] }),
      }
  }
}

function event(action: string, project: string, name: string) {
  return { action, targetKind: 'trustedIdentity', target: name, project }
}
