import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { storeOverHttp, registryBlobPath } from '../clients/registry.ts'
import { startServer } from '../server-process.ts'
import { freePort, type Workspace } from '../workspace.ts'
import type { Contender, RunningContender } from './contender.ts'
import berthPackage from '../../packages/server/package.json' with { type: 'json' }

const program = fileURLToPath(new URL('../../packages/cli/bin/berth', import.meta.url))

export const administrator = { name: 'admin', password: 'benchmark-password' }

/** Berth as it comes, but for a quiet log and, as the peers have no authentication here either, open to anyone. */
export const berth: Contender = {
  name: 'berth',
  absence: () => undefined,
  version: () => `${berthPackage.version}, Node ${process.versions.node}`,
  start: (workspace) => startBerth(workspace),
}

/**
 * `settings`: environment variables that override what the benchmark sets. `directory`: start on a store that exists.
 * `checkout`: run the program of another checkout than this one.
 */
export async function startBerth(
  workspace: Workspace,
  settings: Record<string, string> = {},
  directory: string = workspace.folder('berth'),
  checkout?: string,
): Promise<RunningContender> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const server = await startServer(workspace, {
    command: checkout === undefined ? program : join(checkout, 'node_modules/.bin/berth'),
    args: ['serve'],
    environment: {
      BERTH_DATA_DIRECTORY: join(directory, 'data'),
      BERTH_HTTP__PORT: String(port),
      BERTH_METRICS__PORT: String(await freePort()),
      BERTH_LOG__LEVEL: 'warn',
      BERTH_ACCESS__ANONYMOUS_ROLE: 'admin',
      BERTH_ACCESS__ADMINISTRATOR__PASSWORD: administrator.password,
      ...settings,
    },
    directory,
    readyUrl: `${url}/readyz`,
  })
  const credentials =
    settings['BERTH_ACCESS__ANONYMOUS_ROLE'] === 'none' ? administrator : undefined
  return {
    name: checkout === undefined ? 'berth' : 'earlier-berth',
    url,
    directory,
    storeBlob: (repository, digest, file) =>
      storeOverHttp({ url, credentials }, repository, digest, file),
    blobPath: registryBlobPath,
    ...server,
  }
}
