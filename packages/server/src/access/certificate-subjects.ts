import { BerthError } from '../errors.ts'
import type { Database, PreparedRead } from '../metadata/database.ts'
import { prepareRobotByLogin } from '../metadata/robots.ts'
import { prepareUserByName } from '../metadata/users.ts'
import type { CertificateIdentity } from './client-certificates.ts'
import type { Subject } from './principal.ts'

/** Finds the user or robot that a client certificate was mapped to by name. */
export class CertificateSubjects {
  readonly #user: PreparedRead<{ name: string }, { id: string }>
  readonly #robot: (login: string) => Promise<{ id: string } | undefined>

  constructor(database: Database) {
    this.#user = prepareUserByName(database)
    this.#robot = prepareRobotByLogin(database)
  }

  /** Throws `unauthenticated` (reason `invalidCredentials`) when there is none of that name. */
  async find(identity: CertificateIdentity): Promise<Subject> {
    const row = await (identity.kind === 'user'
      ? this.#user.first({ name: identity.name })
      : this.#robot(identity.name))
    if (row) return { kind: identity.kind, id: row.id }
    throw new BerthError(
      'unauthenticated',
      'The client certificate belongs to no user or robot of this registry.',
      { details: [{ reason: 'invalidCredentials' }] },
    )
  }
}
