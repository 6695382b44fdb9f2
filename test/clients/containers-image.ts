import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Access } from './behaviour.ts'

/**
 * What podman, skopeo and buildah take as `--cert-dir`: a folder with the authority, an empty one
 * for an unknown authority; undefined for plain HTTP.
 */
export async function certificateFolder(home: string, access: Access): Promise<string | undefined> {
  if (access.authority === undefined) return undefined
  const known = access.authority !== 'unknown'
  const folder = join(home, known ? 'certificates' : 'no-certificates')
  await mkdir(folder, { recursive: true })
  if (known) await copyFile(access.authority, join(folder, 'ca.crt'))
  return folder
}
