import { join } from 'node:path'
import { expect, test } from 'vitest'
import { diffIdsInLayout } from '../fixtures/layout.ts'
import { requireTool, run } from '../tools/process.ts'
import { expectSuccess, testImageClient, type Access } from './behaviour.ts'
import { certificateFolder } from './containers-image.ts'
import { digestOfTag } from './registry.ts'

testImageClient({
  name: 'skopeo',
  tools: ['skopeo'],
  keepsDigests: true,
  large: true,
  async start(home) {
    const skopeo = requireTool('skopeo')
    const logins = join(home, 'auth.json')
    let pulls = 0
    const pulled = (): string => join(home, `pulled-${pulls}`)
    const tls = (access: Access, side: '' | 'src-' | 'dest-'): Promise<string[]> =>
      certificateFolder(home, access).then((folder) =>
        folder === undefined ? [`--${side}tls-verify=false`] : [`--${side}cert-dir=${folder}`],
      )
    const copy = async (args: string[]): ReturnType<typeof run> =>
      run(skopeo, ['copy', '--authfile', logins, ...args], { timeoutSeconds: 600 })
    return {
      login: async (access) =>
        run(skopeo, [
          'login',
          '--authfile',
          logins,
          ...(await tls(access, '')),
          '--username',
          access.username,
          '--password',
          access.password,
          access.host,
        ]),
      push: async (access, layout, reference) =>
        copy([
          ...(await tls(access, 'dest-')),
          '--all',
          `oci:${layout.directory}:latest`,
          `docker://${reference}`,
        ]),
      async pull(access, reference) {
        pulls += 1
        return copy([
          ...(await tls(access, 'src-')),
          `docker://${reference}`,
          `oci:${pulled()}:latest`,
        ])
      },
      pulledDiffIds: () => diffIdsInLayout(pulled()),
      copy: async (access, source, target) =>
        copy([
          ...(await tls(access, 'src-')),
          ...(await tls(access, 'dest-')),
          `docker://${source}`,
          `docker://${target}`,
        ]),
      remove: async (access, reference) =>
        run(skopeo, [
          'delete',
          '--authfile',
          logins,
          ...(await tls(access, '')),
          `docker://${reference}`,
        ]),
    }
  },
  more(context) {
    test('deleting by tag deletes the image, and so its other tags', async () => {
      const { access, driver, layouts, registry } = context()
      for (const tag of ['one', 'two']) {
        const reference = `${access.host}/team/tags:${tag}`
        expectSuccess(await driver.push(access, layouts.image, reference))
      }
      const removed = await driver.remove?.(access, `${access.host}/team/tags:one`)
      expect(removed?.status).toBe(0)
      expect(await digestOfTag(registry, 'team/tags', 'two')).toBeUndefined()
    })
  },
})
