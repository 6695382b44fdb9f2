import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { diffIdsInLayout } from '../fixtures/layout.ts'
import { mustRun, requireTool, run } from '../tools/process.ts'
import { testImageClient, type Access } from './behaviour.ts'

const tls = (access: Access, side: '' | 'from-' | 'to-'): string[] => {
  if (access.authority === undefined) return [`--${side}plain-http`]
  return access.authority === 'unknown' ? [] : [`--${side}ca-file`, access.authority]
}

testImageClient({
  name: 'oras',
  tools: ['oras'],
  keepsDigests: true,
  large: false,
  async start(home) {
    const oras = requireTool('oras')
    const logins = join(home, 'oras.json')
    let pulls = 0
    const pulled = (): string => join(home, `pulled-${pulls}`)
    const options = { cwd: home, timeoutSeconds: 600 }
    return {
      login: (access) =>
        run(oras, [
          'login',
          '--registry-config',
          logins,
          ...tls(access, ''),
          '--username',
          access.username,
          '--password',
          access.password,
          access.host,
        ]),
      push: (access, layout, reference) =>
        run(
          oras,
          [
            'cp',
            '--to-registry-config',
            logins,
            ...tls(access, 'to-'),
            '--from-oci-layout',
            `${layout.directory}:latest`,
            reference,
          ],
          options,
        ),
      pull(access, reference) {
        pulls += 1
        return run(
          oras,
          [
            'cp',
            '--from-registry-config',
            logins,
            ...tls(access, 'from-'),
            reference,
            '--to-oci-layout',
            `${pulled()}:latest`,
          ],
          options,
        )
      },
      pulledDiffIds: () => diffIdsInLayout(pulled()),
      copy: (access, source, target) =>
        run(oras, [
          'cp',
          '--from-registry-config',
          logins,
          ...tls(access, 'from-'),
          '--to-registry-config',
          logins,
          ...tls(access, 'to-'),
          source,
          target,
        ]),
      remove: (access, reference) =>
        run(oras, [
          'manifest',
          'delete',
          '--force',
          '--registry-config',
          logins,
          ...tls(access, ''),
          reference,
        ]),
    }
  },
  more(context) {
    test('a file is attached to an image and found again as its referrer', async () => {
      const { access, registry } = context()
      const oras = requireTool('oras')
      const common = ['--username', access.username, '--password', access.password, '--plain-http']
      const subject = `${access.host}/team/app:latest`
      await writeFile(join(registry.scratch, 'notes.txt'), 'what is new\n')
      const file = 'notes.txt:text/plain'
      const type = 'application/vnd.example.notes'
      const attach = ['attach', ...common, '--artifact-type', type, subject, file]
      await mustRun(oras, attach, { cwd: registry.scratch })
      const discover = ['discover', ...common, '--format', 'json', '--artifact-type', type, subject]
      const found = JSON.parse(await mustRun(oras, discover))
      expect(found.manifests).toHaveLength(1)
      expect(found.manifests[0].artifactType).toBe(type)
      const tags = ['repo', 'tags', ...common, `${access.host}/team/app`]
      // With the referrers API there is no need for the fallback tag.
      expect(await mustRun(oras, tags)).not.toContain('sha256-')
    })
  },
})
