import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export type RegistryCertificates = {
  readonly authorities: readonly string[]
  readonly client: { readonly certificate: string; readonly key: string } | undefined
}

/**
 * What docker and podman keep for a registry in folders named after it (`/etc/docker/certs.d/host:port`): `*.crt` are
 * authorities, `*.cert` with a `*.key` of the same name is shown by this machine. Folders that are not there say nothing.
 */
export function readRegistryCertificates(
  registry: string,
  folders: readonly string[],
): RegistryCertificates {
  const authorities: string[] = []
  let client: RegistryCertificates['client']
  for (const folder of folders.map((each) => join(each, registry))) {
    const names = namesIn(folder)
    for (const name of names.toSorted()) {
      if (name.endsWith('.crt')) authorities.push(readFileSync(join(folder, name), 'utf8'))
      if (!name.endsWith('.cert') || client !== undefined) continue
      const key = `${name.slice(0, -'.cert'.length)}.key`
      if (!names.includes(key)) continue
      client = {
        certificate: readFileSync(join(folder, name), 'utf8'),
        key: readFileSync(join(folder, key), 'utf8'),
      }
    }
  }
  return { authorities, client }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** Where docker and podman look, the user's own first. */
export function certificateFolders(home: string): readonly string[] {
  return [
    join(home, '.config/containers/certs.d'),
    join(home, '.docker/certs.d'),
    '/etc/containers/certs.d',
    '/etc/docker/certs.d',
  ]
}
