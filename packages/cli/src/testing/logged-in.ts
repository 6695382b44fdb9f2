import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A home folder of its own, with logins in docker's file; `remove` takes it away. */
export async function makeHome(
  logins: Readonly<Record<string, { username: string; password: string }>>,
): Promise<{ folder: string; env: Record<string, string>; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-home-'))
  await mkdir(join(folder, '.docker'))
  const auths = Object.entries(logins).map(([registry, { username, password }]) => [
    registry,
    { auth: Buffer.from(`${username}:${password}`).toString('base64') },
  ])
  await writeFile(
    join(folder, '.docker/config.json'),
    JSON.stringify({ auths: Object.fromEntries(auths) }),
  )
  const env = { HOME: folder, PATH: process.env.PATH ?? '' }
  return { folder, env, remove: () => rm(folder, { recursive: true, force: true }) }
}
