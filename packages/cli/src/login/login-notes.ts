import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Credentials } from '@berth/client/credentials/credentials.ts'
import { editJsonFile, readJsonFile } from '@berth/client/credentials/json-file.ts'
import type { Environment } from '@berth/client/transport/transport.ts'
import { stateFolder } from '../client.ts'

/**
 * When keys run out that say nothing of it themselves, as far as Berth was told when it got them. Holds no secret: a
 * few digits of a digest tell whether a note is about the key that is stored now.
 */
export async function noteExpiry(
  env: Environment,
  registry: string,
  credentials: Credentials,
  expiresAt: Date | undefined,
): Promise<void> {
  const fingerprint = fingerprintOf(credentials)
  await editJsonFile(pathOf(env), (notes) => {
    if (expiresAt === undefined || fingerprint === undefined) {
      if (!Object.hasOwn(notes, registry)) return false
      delete notes[registry]
      return true
    }
    notes[registry] = { fingerprint, expiresAt: expiresAt.toISOString() }
    return true
  })
}

/** When these credentials run out, as was noted at their login; `undefined` when nothing was. */
export async function notedExpiry(
  env: Environment,
  registry: string,
  credentials: Credentials,
): Promise<Date | undefined> {
  const notes = (await readJsonFile(pathOf(env))) ?? {}
  const note = (Object.hasOwn(notes, registry) ? notes[registry] : undefined) as
    | { fingerprint?: unknown; expiresAt?: unknown }
    | undefined
  if (note?.fingerprint !== fingerprintOf(credentials)) return undefined
  return typeof note?.expiresAt === 'string' ? new Date(note.expiresAt) : undefined
}

function pathOf(env: Environment): string {
  return join(stateFolder(env), 'logins.json')
}

function fingerprintOf(credentials: Credentials): string | undefined {
  if (credentials.kind === 'anonymous') return undefined
  const secret = credentials.kind === 'password' ? credentials.password : credentials.token
  return createHash('sha256').update(secret).digest('hex').slice(0, 8)
}
