import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chownSync, existsSync, readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'

/** The folder that holds `initdb` and `postgres`, newest version first, or `undefined`. */
export function findPostgres(): string | undefined {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian)
    ? readdirSync(debian).sort((a, b) => Number(b) - Number(a))
    : []
  const folders = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env.PATH ?? '').split(delimiter),
  ]
  return folders.find(
    (folder) => existsSync(join(folder, 'postgres')) && existsSync(join(folder, 'initdb')),
  )
}

/**
 * Starts a server with its own data folder and socket, no network port. It refuses root, so root lends it another user.
 * `durable`: it writes to the disk what is committed, as it does outside of tests.
 */
export async function startPostgres(
  options: { durable?: boolean } = {},
): Promise<{ url: string; stop(): Promise<void> }> {
  const bin = findPostgres()
  if (!bin) throw new Error('PostgreSQL is not installed: apt-get install postgresql')
  const folder = await mkdtemp(join(tmpdir(), 'berth-pg-'))
  const user = process.getuid?.() === 0 ? Number(execFileSync('id', ['-u', 'nobody'])) : undefined
  if (user !== undefined) chownSync(folder, user, user)
  const owner = user === undefined ? {} : { uid: user, gid: user }
  const data = join(folder, 'data')
  execFileSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'berth', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8'],
    { ...owner, stdio: 'pipe', env: { PATH: process.env.PATH, HOME: folder } },
  )
  const settings = ['listen_addresses=', ...(options.durable ? [] : ['fsync=off'])]
  const server = spawn(
    join(bin, 'postgres'),
    ['-D', data, '-k', folder, ...settings.flatMap((setting) => ['-c', setting])],
    { ...owner, stdio: 'ignore' },
  )
  const url = `postgresql://berth@localhost/postgres?host=${encodeURIComponent(folder)}`
  try {
    await untilReady(url, server)
  } catch (error) {
    server.kill('SIGKILL')
    throw error
  }
  return {
    url,
    async stop() {
      const exited = new Promise((resolve) => server.once('exit', resolve))
      // Fast shutdown: open connections are cut.
      server.kill('SIGINT')
      await exited
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A connection past Berth, for a look at what the database does. */
export async function connectPostgres(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return client
}

async function untilReady(url: string, server: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (server.exitCode !== null) throw new Error('PostgreSQL ended while starting')
    try {
      const client = await connectPostgres(url)
      await client.end()
      return
    } catch {
      await wait(50)
    }
  }
  throw new Error('PostgreSQL did not become ready in 10 s')
}
