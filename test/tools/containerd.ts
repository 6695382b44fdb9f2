import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mustRun, requireTool, startService } from './process.ts'

export type Containerd = {
  /** Environment by which `ctr` finds this containerd. */
  readonly env: Readonly<Record<string, string>>
  stop(): Promise<void>
}

/** Starts a containerd with state, content and socket in a temporary folder, for images only. */
export async function startContainerd(): Promise<Containerd> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-containerd-'))
  const socket = join(folder, 'containerd.sock')
  const configFile = join(folder, 'config.toml')
  const lines = [
    'version = 2',
    `root = ${JSON.stringify(join(folder, 'data'))}`,
    `state = ${JSON.stringify(join(folder, 'run'))}`,
    'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
    '[grpc]',
    `  address = ${JSON.stringify(socket)}`,
    '[ttrpc]',
    `  address = ${JSON.stringify(`${socket}.ttrpc`)}`,
  ]
  await writeFile(configFile, lines.join('\n'))
  const env = { CONTAINERD_ADDRESS: socket, CONTAINERD_NAMESPACE: 'berth-test' }
  const removeFolder = (): Promise<void> => rm(folder, { recursive: true, force: true })
  try {
    const service = await startService(requireTool('containerd'), ['--config', configFile], {
      isReady: async () => {
        await mustRun(requireTool('ctr'), ['version'], { env, timeoutSeconds: 10 })
        return true
      },
    })
    return {
      env,
      async stop() {
        await service.stop()
        await removeFolder()
      },
    }
  } catch (error) {
    await removeFolder()
    throw error
  }
}
