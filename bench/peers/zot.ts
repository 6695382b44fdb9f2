import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { storeOverHttp, registryBlobPath } from '../clients/registry.ts'
import { startServer } from '../server-process.ts'
import { freePort, type Workspace } from '../workspace.ts'
import type { Contender, ContenderName, RunningContender } from './contender.ts'
import { builtProgram, findProgram, goModuleVersion } from './programs.ts'

/** zot as it comes: blobs are acknowledged before they are on disk. */
export const zot = contender('zot', false)

/** zot with `storage.commit: true`: every blob is synchronised before it is acknowledged, as Berth always does. */
export const zotCommit = contender('zot-commit', true)

function contender(name: ContenderName, commit: boolean): Contender {
  return {
    name,
    absence: () =>
      findZot()
        ? undefined
        : 'zot is not installed (GOBIN=$PWD/.tools/bin go install zotregistry.dev/zot/v2/cmd/zot@latest: a build without tags is the minimal one)',
    version: () => goModuleVersion(findZot() ?? 'zot'),
    start: (workspace) => start(workspace, name, commit),
  }
}

function findZot(): string | undefined {
  return builtProgram('zot') ?? findProgram('zot')
}

async function start(
  workspace: Workspace,
  name: ContenderName,
  commit: boolean,
): Promise<RunningContender> {
  const directory = workspace.folder(name)
  const port = await freePort()
  const configFile = join(directory, 'config.json')
  writeFileSync(
    configFile,
    JSON.stringify({
      distSpecVersion: '1.1.1',
      storage: { rootDirectory: join(directory, 'data'), ...(commit ? { commit: true } : {}) },
      http: { address: '127.0.0.1', port: String(port) },
      log: { level: 'error' },
    }),
  )
  const url = `http://127.0.0.1:${port}`
  const server = await startServer(workspace, {
    command: findZot() ?? 'zot',
    args: ['serve', configFile],
    directory,
    readyUrl: `${url}/v2/`,
  })
  return {
    name,
    url,
    directory,
    storeBlob: (repository, digest, file) => storeOverHttp({ url }, repository, digest, file),
    blobPath: registryBlobPath,
    ...server,
  }
}
