import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { mustRun, requireTool, run, type CommandResult } from '../tools/process.ts'
import { expectSuccess, testImageClient, type Access } from './behaviour.ts'
import { certificateFolder } from './containers-image.ts'

// Storage of its own under the temporary folder; a second store imports what is to be pushed, so
// that the one which pulls is empty.
// podman takes no --runroot of more than 50 characters: hence an own short folder for it.
let runRoot: string

const store = (home: string, name: string): string[] => [
  '--root',
  join(home, name, 'root'),
  '--runroot',
  join(runRoot, name),
  '--storage-driver',
  'vfs',
  '--runtime',
  'runc',
  '--cgroup-manager',
  'cgroupfs',
]

testImageClient({
  name: 'podman',
  tools: ['podman', 'runc'],
  // podman compresses the layers anew when it pushes.
  keepsDigests: false,
  large: false,
  async start(home) {
    runRoot = await mkdtemp(join(tmpdir(), 'p-'))
    const program = requireTool('podman')
    const logins = join(home, 'auth.json')
    const podman = (name: string, args: string[], cwd?: string): Promise<CommandResult> =>
      run(program, [...store(home, name), ...args], {
        cwd,
        env: { REGISTRY_AUTH_FILE: logins, TMPDIR: home },
        timeoutSeconds: 600,
      })
    const tls = async (access: Access): Promise<string[]> => {
      const folder = await certificateFolder(home, access)
      return folder === undefined ? ['--tls-verify=false'] : [`--cert-dir=${folder}`]
    }
    // The folder becomes the local name, and not every folder is a good name: hence relative.
    const importImage = async (directory: string): Promise<string> => {
      const source = `oci:${basename(directory)}:latest`
      const result = await podman('pushing', ['pull', '--quiet', source], dirname(directory))
      expectSuccess(result)
      return result.stdout.trim()
    }
    return {
      login: async (access) =>
        podman('pulling', [
          'login',
          ...(await tls(access)),
          '--username',
          access.username,
          '--password',
          access.password,
          access.host,
        ]),
      async push(access, layout, reference) {
        const target = `docker://${reference}`
        if (layout.root.mediaType.includes('index')) {
          expectSuccess(await podman('pushing', ['manifest', 'create', 'list']))
          for (const platform of ['amd64', 'arm64']) {
            const image = `oci:${join(layout.directory, '..', platform)}:latest`
            expectSuccess(await podman('pushing', ['manifest', 'add', 'list', image]))
          }
          const args = ['manifest', 'push', '--all', ...(await tls(access)), 'list', target]
          return podman('pushing', args)
        }
        const image = await importImage(layout.directory)
        return podman('pushing', ['push', ...(await tls(access)), image, target])
      },
      async pull(access, reference) {
        expectSuccess(await podman('pulling', ['rmi', '--all', '--force']))
        return podman('pulling', ['pull', '--quiet', ...(await tls(access)), reference])
      },
      async pulledDiffIds(reference) {
        const format = '{{json .RootFS.Layers}}'
        const result = await podman('pulling', ['image', 'inspect', '--format', format, reference])
        expectSuccess(result)
        return JSON.parse(result.stdout)
      },
      async copy(access, source, target) {
        expectSuccess(await podman('pulling', ['pull', '--quiet', ...(await tls(access)), source]))
        return podman('pulling', ['push', ...(await tls(access)), source, `docker://${target}`])
      },
      stop: () => rm(runRoot, { recursive: true, force: true }),
    }
  },
  more(context) {
    test('a pulled root file system runs', async () => {
      const { access, driver, registry } = context()
      const args = [...store(join(registry.scratch, 'home'), 'pulling'), 'run', '--rm']
      // podman raises its limits by default, which not every machine allows.
      const limits = ['--ulimit=nofile=1024:1024', '--ulimit=nproc=1024:1024']
      const options = ['--network=none', '--pull=never', ...limits]
      const image = `${access.host}/debian/bookworm:latest`
      const command = ['cat', '/etc/debian_version']
      expectSuccess(await driver.pull(access, image))
      const podman = requireTool('podman')
      expect(await mustRun(podman, [...args, ...options, image, ...command])).toMatch(/^12\./)
    })
  },
})
