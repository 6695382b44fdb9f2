import { writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { requireTool, run, type CommandResult } from '../tools/process.ts'
import { expectSuccess, testImageClient, type Access } from './behaviour.ts'
import { certificateFolder } from './containers-image.ts'
import { expectComplete } from './registry.ts'

const buildah = (
  home: string,
  name: string,
  args: string[],
  cwd?: string,
): Promise<CommandResult> => {
  const folders = ['--root', join(home, name, 'root'), '--runroot', join(home, name, 'run')]
  return run(requireTool('buildah'), [...folders, '--storage-driver', 'vfs', ...args], {
    cwd,
    env: { REGISTRY_AUTH_FILE: join(home, 'auth.json'), TMPDIR: home },
    timeoutSeconds: 600,
  })
}

testImageClient({
  name: 'buildah',
  tools: ['buildah'],
  keepsDigests: false,
  large: false,
  async start(home) {
    const tls = async (access: Access): Promise<string[]> => {
      const folder = await certificateFolder(home, access)
      return folder === undefined ? ['--tls-verify=false'] : [`--cert-dir=${folder}`]
    }
    return {
      login: async (access) =>
        buildah(home, 'pulling', [
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
          expectSuccess(await buildah(home, 'pushing', ['manifest', 'create', 'list']))
          for (const platform of ['amd64', 'arm64']) {
            const image = `oci:${join(layout.directory, '..', platform)}:latest`
            expectSuccess(await buildah(home, 'pushing', ['manifest', 'add', 'list', image]))
          }
          const args = ['manifest', 'push', '--all', ...(await tls(access)), 'list', target]
          return buildah(home, 'pushing', args)
        }
        // The folder becomes the local name, and not every folder is a good name: hence relative.
        const pull = ['pull', '--quiet', `oci:${basename(layout.directory)}:latest`]
        const pulled = await buildah(home, 'pushing', pull, dirname(layout.directory))
        expectSuccess(pulled)
        return buildah(home, 'pushing', [
          'push',
          ...(await tls(access)),
          pulled.stdout.trim(),
          target,
        ])
      },
      async pull(access, reference) {
        expectSuccess(await buildah(home, 'pulling', ['rmi', '--all', '--force']))
        return buildah(home, 'pulling', ['pull', '--quiet', ...(await tls(access)), reference])
      },
      async pulledDiffIds(reference) {
        const result = await buildah(home, 'pulling', ['inspect', '--type=image', reference])
        expectSuccess(result)
        return JSON.parse(result.stdout).OCIv1.rootfs.diff_ids
      },
      async copy(access, source, target) {
        const pull = ['pull', '--quiet', ...(await tls(access)), source]
        expectSuccess(await buildah(home, 'pulling', pull))
        const push = ['push', ...(await tls(access)), source, `docker://${target}`]
        return buildah(home, 'pulling', push)
      },
    }
  },
  more(context) {
    test('an image built on a pulled one is pushed', async () => {
      const { access, registry } = context()
      const home = join(registry.scratch, 'home')
      const base = `${access.host}/debian/bookworm:latest`
      const file = join(registry.scratch, 'Containerfile')
      await writeFile(file, `FROM ${base}\nRUN cat /etc/debian_version > /version\n`)
      const target = `${access.host}/team/built:latest`
      const args = ['--tls-verify=false', '--isolation', 'chroot', '-f', file, '-t', target]
      expectSuccess(await buildah(home, 'pulling', ['build', ...args, registry.scratch]))
      expectSuccess(await buildah(home, 'pulling', ['push', '--tls-verify=false', target]))
      expect(await expectComplete(registry, 'team/built', 'latest')).toMatch(/^sha256:/)
    })
  },
})
