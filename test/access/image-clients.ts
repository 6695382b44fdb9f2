import { createHash } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tlsHostName } from '../clients/registry.ts'
import { writeDockerArchive } from '../fixtures/docker-archive.ts'
import { type Layout, writeSmallLayouts } from '../fixtures/layout.ts'
import type { Berth } from '../tools/berth.ts'
import { startConnectProxy } from '../tools/connect-proxy.ts'
import { startDockerd } from '../tools/dockerd.ts'
import { type CommandResult, mustRun, requireTool, run } from '../tools/process.ts'
import type { CertificateFiles } from './client-certificate.ts'
import type { Login } from './login.ts'

/** A program that moves images, used by one login after the other; each has stored credentials of its own. */
export type ImageClient = {
  /** Stores the credentials and shows whether they are good. */
  login(login: Login): Promise<CommandResult>
  /** Pushes a small image to `<repository>:latest`. */
  push(login: Login, repository: string): Promise<CommandResult>
  pull(login: Login, repository: string): Promise<CommandResult>
  stop(): Promise<void>
}

/** Of those who have stored no credentials. */
export const nobody: Login = { name: '', password: '' }

/** The docker command with an engine of its own, which holds one image and shows the certificate, if there is one. */
export async function startDocker(
  berth: Berth,
  folder: string,
  clientCertificate?: CertificateFiles,
): Promise<ImageClient> {
  // At 127.0.0.1 docker looks at no certificates, and shows none.
  const host = clientCertificate ? `${tlsHostName}:${berth.port}` : berth.host
  const proxy = clientCertificate && (await startConnectProxy(berth.port))
  const engine = await startDockerd({
    ...(proxy && { httpsProxy: proxy.origin }),
    ...(clientCertificate && {
      clientCertificate,
      trust: { [host]: await readFile(berth.caFile, 'utf8') },
    }),
  })
  const stop = async (): Promise<void> => {
    await engine.stop()
    await proxy?.stop()
  }
  const docker = async (login: Login, args: string[], input?: string): Promise<CommandResult> => {
    const DOCKER_CONFIG = await folderOf(folder, login)
    return run(requireTool('docker'), args, { env: { ...engine.env, DOCKER_CONFIG }, input })
  }
  const referenceOf = (repository: string): string => `${host}/${repository}:latest`
  try {
    const archive = join(folder, 'image.tar')
    await writeDockerArchive(await smallImage(folder), 'small:latest', archive)
    await mustRun(requireTool('docker'), ['load', '--input', archive], { env: engine.env })
  } catch (error) {
    await stop()
    throw error
  }
  return {
    login(login) {
      const args = ['login', '--username', login.name, '--password-stdin', host]
      return docker(login, args, login.password)
    },
    async push(login, repository) {
      await docker(login, ['tag', 'small:latest', referenceOf(repository)])
      return docker(login, ['push', referenceOf(repository)])
    },
    async pull(login, repository) {
      await docker(login, ['image', 'rm', referenceOf(repository)])
      return docker(login, ['pull', referenceOf(repository)])
    },
    stop,
  }
}

/** The crane command. */
export async function startCrane(berth: Berth, folder: string): Promise<ImageClient> {
  const image = await smallImage(folder)
  const crane = async (login: Login, args: string[]): Promise<CommandResult> => {
    const DOCKER_CONFIG = await folderOf(folder, login)
    const env = { DOCKER_CONFIG, SSL_CERT_FILE: berth.caFile, SSL_CERT_DIR: DOCKER_CONFIG }
    return run(requireTool('crane'), args, { env })
  }
  const referenceOf = (repository: string): string => `${berth.host}/${repository}:latest`
  return {
    // `crane auth login` only stores: the next command shows whether the password is good.
    async login(login) {
      const { name, password } = login
      await crane(login, ['auth', 'login', berth.host, '-u', name, '-p', password])
      return crane(login, ['catalog', berth.host])
    },
    push: (login, repository) => crane(login, ['push', image.directory, referenceOf(repository)]),
    async pull(login, repository) {
      const pulled = join(folder, 'pulled')
      await rm(pulled, { recursive: true, force: true })
      return crane(login, ['pull', '--format=oci', referenceOf(repository), pulled])
    },
    stop: async () => undefined,
  }
}

export async function smallImage(folder: string): Promise<Layout> {
  const { image } = await writeSmallLayouts(join(folder, 'layouts'), 'access')
  return image
}

/** Where docker and crane keep the credentials of this login. */
async function folderOf(folder: string, { name, password }: Login): Promise<string> {
  const own = join(folder, createHash('sha256').update(`${name}:${password}`).digest('hex'))
  await mkdir(own, { recursive: true })
  await writeFile(join(own, 'config.json'), '{}', { flag: 'wx' }).catch(() => undefined)
  return own
}
