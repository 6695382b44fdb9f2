import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { mustRun, requireTool, startService } from './process.ts'

export type Dockerd = {
  /** Environment by which the docker command finds this engine, and a folder of its own for logins. */
  readonly env: Readonly<Record<string, string>>
  stop(): Promise<void>
}

/**
 * Starts a Docker engine with data, sockets and configuration in a temporary folder and without any
 * change to the machine's network. `trust` maps a registry (`host:port`) to the PEM of its authority:
 * the engine reads only /etc/docker/certs.d, so it gets its own view of that folder. To the registries
 * that it trusts it shows `clientCertificate`.
 */
export async function startDockerd(
  options: {
    trust?: Readonly<Record<string, string>>
    clientCertificate?: { certificateFile: string; keyFile: string }
    httpsProxy?: string
  } = {},
): Promise<Dockerd> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-dockerd-'))
  const socket = `unix://${join(folder, 'docker.sock')}`
  const certificates = join(folder, 'certs.d')
  for (const [host, authority] of Object.entries(options.trust ?? {})) {
    const directory = join(certificates, host)
    await mkdir(directory, { recursive: true })
    await writeFile(join(directory, 'ca.crt'), authority)
    if (options.clientCertificate === undefined) continue
    await copyFile(options.clientCertificate.certificateFile, join(directory, 'client.cert'))
    await copyFile(options.clientCertificate.keyFile, join(directory, 'client.key'))
  }
  await mkdir(certificates, { recursive: true })
  await mkdir('/etc/docker/certs.d', { recursive: true })
  const configFile = join(folder, 'daemon.json')
  await writeFile(configFile, '{}')
  const args = [
    ['--config-file', configFile],
    ['--data-root', join(folder, 'data')],
    ['--exec-root', join(folder, 'run')],
    ['--pidfile', join(folder, 'docker.pid')],
    ['--host', socket],
    ['--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false'],
    ['--ip-masq=false', '--storage-driver=overlay2', '--shutdown-timeout=5'],
  ].flat()
  const docker = requireTool('docker')
  const env = {
    DOCKER_HOST: socket,
    DOCKER_CONFIG: join(folder, 'client'),
    DOCKER_BUILDKIT: '0',
  }
  const removeFolder = (): Promise<void> => rm(folder, { recursive: true, force: true })
  // The mount ends with the namespace: nothing of it is seen, or left, outside.
  const script = 'mount --bind "$1" /etc/docker/certs.d && shift && exec "$@"'
  const command = ['sh', '-c', script, 'sh', certificates, requireTool('dockerd'), ...args]
  try {
    const service = await startService('unshare', ['--mount', '--', ...command], {
      env: {
        ...env,
        ...(options.httpsProxy === undefined ? {} : { HTTPS_PROXY: options.httpsProxy }),
      },
      isReady: async () => {
        await mustRun(docker, ['version'], { env, timeoutSeconds: 10 })
        return true
      },
      readySeconds: 60,
    })
    return {
      env,
      async stop() {
        await service.stop()
        await endContainerd(join(folder, 'run/containerd/containerd.pid'))
        await removeFolder()
      },
    }
  } catch (error) {
    await endContainerd(join(folder, 'run/containerd/containerd.pid'))
    await removeFolder()
    throw error
  }
}

/** The engine's own containerd ends with it, unless the engine had to be killed. */
async function endContainerd(pidFile: string): Promise<void> {
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => ''))
  // The command line names the temporary folder: the id cannot be somebody else's by now.
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  if (pid > 1 && commandLine.includes(dirname(pidFile))) process.kill(pid, 'SIGKILL')
}
