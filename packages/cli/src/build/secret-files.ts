import { stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { ClientError } from '@berth/client/client-error.ts'
import type { Service } from './build-file.ts'

type SecretFile = { readonly id: string; readonly file: string }

/**
 * Where the secrets of the services are, as files: what is in a variable is written to `folder`, for the user alone.
 * Builders differ in which other ways they know. Throws `inputInvalid` for a variable that is not set, `notFound` for a
 * file that is not there; nothing of a secret's content is in the message.
 */
export async function writeSecretFiles(
  services: readonly Service[],
  options: {
    readonly folder: string
    /** The folder of `berth.yaml`. */
    readonly base: string
    readonly env: Readonly<Record<string, string | undefined>>
  },
): Promise<ReadonlyMap<string, readonly SecretFile[]>> {
  const all = new Map<string, readonly SecretFile[]>()
  for (const { name, secrets } of services) {
    const files: SecretFile[] = []
    for (const [at, { id, env, file }] of secrets.entries()) {
      if (file !== undefined) {
        const path = resolve(options.base, file)
        if (!(await stat(path).catch(() => undefined))?.isFile()) {
          throw new ClientError(
            'notFound',
            `The secret "${id}" of ${name} is missing: there is no file ${path}.`,
          )
        }
        files.push({ id, file: path })
        continue
      }
      const value = options.env[env ?? '']
      if (value === undefined) {
        throw new ClientError(
          'inputInvalid',
          `The secret "${id}" of ${name} is missing: the variable ${env} is not set.`,
        )
      }
      const path = join(options.folder, `secret-${name}-${at}`)
      await writeFile(path, value, { mode: 0o600, flag: 'wx' })
      files.push({ id, file: path })
    }
    all.set(name, files)
  }
  return all
}
