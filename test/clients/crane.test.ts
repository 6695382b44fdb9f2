import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { diffIdsInLayout } from '../fixtures/layout.ts'
import { requireTool, run, type CommandResult } from '../tools/process.ts'
import { expectSuccess, testImageClient, type Access } from './behaviour.ts'
import { digestOfTag } from './registry.ts'

testImageClient({
  name: 'crane',
  tools: ['crane'],
  keepsDigests: true,
  large: true,
  async start(home) {
    const program = requireTool('crane')
    const nothing = join(home, 'no-authority.pem')
    await writeFile(nothing, '')
    let pulls = 0
    const pulled = (): string => join(home, `pulled-${pulls}`)
    const crane = async (access: Access, args: string[]): Promise<CommandResult> => {
      const config = join(home, 'docker')
      await mkdir(config, { recursive: true })
      const authority = access.authority === 'unknown' ? nothing : access.authority
      return run(program, args, {
        env: {
          DOCKER_CONFIG: config,
          ...(authority ? { SSL_CERT_FILE: authority, SSL_CERT_DIR: home } : {}),
        },
        timeoutSeconds: 600,
      })
    }
    return {
      // `crane auth login` only stores: the next command shows whether the password is good.
      async login(access) {
        const { host, username, password } = access
        const stored = await crane(access, ['auth', 'login', host, '-u', username, '-p', password])
        return stored.status === 0 ? crane(access, ['catalog', host]) : stored
      },
      push: (access, layout, reference) => crane(access, ['push', layout.directory, reference]),
      pull(access, reference) {
        pulls += 1
        return crane(access, [
          'pull',
          '--format=oci',
          '--platform=linux/amd64',
          reference,
          pulled(),
        ])
      },
      pulledDiffIds: () => diffIdsInLayout(pulled()),
      copy: (access, source, target) => crane(access, ['copy', source, target]),
      remove: (access, reference) => crane(access, ['delete', reference]),
    }
  },
  more(context) {
    test('deleting by tag takes away that tag and nothing else', async () => {
      const { access, driver, layouts, registry } = context()
      for (const tag of ['one', 'two']) {
        const reference = `${access.host}/team/tags:${tag}`
        expectSuccess(await driver.push(access, layouts.image, reference))
      }
      const removed = await driver.remove?.(access, `${access.host}/team/tags:one`)
      expect(removed?.status).toBe(0)
      expect(await digestOfTag(registry, 'team/tags', 'one')).toBeUndefined()
      expect(await digestOfTag(registry, 'team/tags', 'two')).toBe(layouts.image.root.digest)
    })
  },
})
