import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { storeOverHttp, registryBlobPath } from '../clients/registry.ts'
import { startServer } from '../server-process.ts'
import { freePort, type Workspace } from '../workspace.ts'
import type { Contender, ContenderName, RunningContender } from './contender.ts'
import { builtProgram, findProgram, goModuleVersion, programVersion } from './programs.ts'

/** CNCF distribution 2 as Debian ships it, with the cache of its packaged configuration and without an access log. */
export const dockerRegistry: Contender = {
  name: 'docker-registry',
  absence: () =>
    findProgram('docker-registry')
      ? undefined
      : 'docker-registry is not installed (apt-get install docker-registry)',
  version: () => programVersion('docker-registry', ['--version']),
  start: (workspace) => start(workspace, 'docker-registry', 'docker-registry'),
}

const distributionPackage = 'github.com/distribution/distribution/v3/cmd/registry@v3.1.1'

/** CNCF distribution 3, the newest, in the same configuration. */
export const distribution: Contender = {
  name: 'distribution',
  absence: () =>
    builtProgram('registry')
      ? undefined
      : `distribution 3 is not installed (GOBIN=$PWD/.tools/bin go install ${distributionPackage})`,
  version: () => goModuleVersion(builtProgram('registry') ?? 'registry'),
  start: (workspace) => start(workspace, 'distribution', builtProgram('registry') ?? 'registry'),
}

async function start(
  workspace: Workspace,
  name: ContenderName,
  command: string,
): Promise<RunningContender> {
  const directory = workspace.folder(name)
  const port = await freePort()
  const configFile = join(directory, 'config.yml')
  writeFileSync(
    configFile,
    `version: 0.1
log: { level: error, accesslog: { disabled: true } }
storage:
  cache: { blobdescriptor: inmemory }
  filesystem: { rootdirectory: ${join(directory, 'data')} }
http: { addr: '127.0.0.1:${port}' }
`,
  )
  const url = `http://127.0.0.1:${port}`
  const server = await startServer(workspace, {
    command,
    args: ['serve', configFile],
    environment: { OTEL_TRACES_EXPORTER: 'none' },
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
