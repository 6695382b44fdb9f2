import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { mustRun, requireTool, run, type CommandResult } from '../tools/process.ts'
import { startContainerd } from '../tools/containerd.ts'
import { expectSuccess, testImageClient, type Access } from './behaviour.ts'

/** What a manifest, an index or a configuration may hold. */
type Content = {
  manifests?: { digest: string }[]
  config?: { digest: string }
  rootfs?: { diff_ids: string[] }
}

testImageClient({
  name: 'containerd',
  tools: ['containerd', 'ctr', 'runc'],
  keepsDigests: true,
  large: false,
  // No login: containerd keeps none, each command brings the credentials.
  async start(home) {
    const containerd = await startContainerd()
    const program = requireTool('ctr')
    const ctr = (args: string[]): Promise<CommandResult> =>
      run(program, args, { env: containerd.env, timeoutSeconds: 600 })
    const reach = async (access: Access): Promise<string[]> => {
      const user = ['--user', `${access.username}:${access.password}`]
      if (access.authority === undefined) return ['--plain-http', ...user]
      const known = access.authority !== 'unknown'
      const hosts = join(home, known ? 'hosts' : 'hosts-unknown')
      // containerd reads host:port as a folder named host_port_ or host:port.
      const folder = join(hosts, access.host)
      await mkdir(folder, { recursive: true })
      const origin = JSON.stringify(`https://${access.host}`)
      const lines = [`server = ${origin}`, `[host.${origin}]`]
      if (known) {
        const authority = join(folder, 'ca.pem')
        await copyFile(access.authority, authority)
        lines.push(`  ca = ${JSON.stringify(authority)}`)
      }
      await writeFile(join(folder, 'hosts.toml'), lines.join('\n'))
      return ['--hosts-dir', hosts, ...user]
    }
    const clear = async (): Promise<void> => {
      const names = (await mustRun(program, ['images', 'ls', '-q'], containerd)).trim()
      if (names !== '') {
        expectSuccess(await ctr(['images', 'rm', '--sync', ...names.split('\n')]))
      }
    }
    return {
      async push(access, layout, reference) {
        await clear()
        const archive = join(home, 'layout.tar')
        await mustRun('tar', ['-C', layout.directory, '-chf', archive, '.'])
        const load = ['images', 'import', '--all-platforms', '--no-unpack', '--index-name', 'seed']
        expectSuccess(await ctr([...load, '--base-name', 'seed', archive]))
        return ctr(['images', 'push', ...(await reach(access)), reference, 'seed:latest'])
      },
      async pull(access, reference) {
        await clear()
        return ctr(['images', 'pull', ...(await reach(access)), reference])
      },
      async pulledDiffIds(reference) {
        const get = async (digest: string): Promise<Content> =>
          JSON.parse(await mustRun(program, ['content', 'get', digest], containerd))
        const list = await mustRun(program, ['images', 'ls', `name==${reference}`], containerd)
        const digest = /sha256:[0-9a-f]{64}/.exec(list.split('\n')[1] ?? '')?.[0] ?? ''
        const root = await get(digest)
        const first = root.manifests?.[0]
        const manifest = first === undefined ? root : await get(first.digest)
        return (await get(manifest.config?.digest ?? '')).rootfs?.diff_ids ?? []
      },
      async copy(access, source, target) {
        await clear()
        expectSuccess(await ctr(['images', 'pull', ...(await reach(access)), source]))
        expectSuccess(await ctr(['images', 'tag', source, target]))
        return ctr(['images', 'push', ...(await reach(access)), target])
      },
      stop: () => containerd.stop(),
    }
  },
})
