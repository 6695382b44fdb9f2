import { readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { writeDockerArchive } from '../fixtures/docker-archive.ts'
import { readLayout, type Layout } from '../fixtures/layout.ts'
import { startConnectProxy } from '../tools/connect-proxy.ts'
import { startDockerd, type Dockerd } from '../tools/dockerd.ts'
import { requireTool, run, type CommandResult } from '../tools/process.ts'
import { expectSuccess, testImageClient, type Access } from './behaviour.ts'
import { tlsHostName } from './registry.ts'

/** An engine that trusts one registry over TLS, or none. Docker reads its trust only at a fixed place, so each has its own engine. */
type SecureEngine = { engine: Dockerd; stop(): Promise<void> }

let engine: Dockerd

testImageClient({
  name: 'docker',
  tools: ['dockerd', 'docker', 'containerd', 'runc', 'unshare'],
  keepsDigests: false,
  large: true,
  // Docker never checks the certificate of a registry at 127.0.0.1.
  tlsHost: (berth) => `${tlsHostName}:${berth.port}`,
  async start(home) {
    engine = await startDockerd()
    const secure = new Map<string, SecureEngine>()
    const engineFor = async (access: Access): Promise<Dockerd> => {
      if (access.authority === undefined) return engine
      const key = `${access.host} ${access.authority}`
      const running = secure.get(key)
      if (running !== undefined) return running.engine
      const proxy = await startConnectProxy(Number(access.host.split(':')[1]))
      const trust =
        access.authority === 'unknown'
          ? {}
          : { [access.host]: await readFile(access.authority, 'utf8') }
      const own = await startDockerd({ trust, httpsProxy: proxy.origin })
      secure.set(key, {
        engine: own,
        async stop() {
          await own.stop()
          await proxy.stop()
        },
      })
      return own
    }
    const docker = async (access: Access, args: string[], input = ''): Promise<CommandResult> =>
      run(requireTool('docker'), args, {
        env: (await engineFor(access)).env,
        input,
        timeoutSeconds: 600,
      })
    const load = async (access: Access, layout: Layout, name: string): Promise<void> => {
      const archive = join(home, 'image.tar')
      await writeDockerArchive(layout, name, archive)
      const loaded = await docker(access, ['load', '--input', archive])
      await rm(archive)
      await rm(`${archive}.layer`)
      expectSuccess(loaded)
    }
    const clear = async (access: Access): Promise<void> => {
      const listed = await docker(access, ['image', 'ls', '--all', '--quiet'])
      const images = [...new Set(listed.stdout.split('\n').filter((id) => id !== ''))]
      if (images.length > 0) await docker(access, ['image', 'rm', '--force', ...images])
    }
    return {
      login: (access) => {
        const { host, username, password } = access
        const args = ['login', '--username', username, '--password-stdin', host]
        return docker(access, args, password)
      },
      async push(access, layout, reference) {
        if (!layout.root.mediaType.includes('index')) {
          await load(access, layout, reference)
          return docker(access, ['push', reference])
        }
        const parts: string[] = []
        for (const platform of ['amd64', 'arm64']) {
          const part = `${reference}-${platform}`
          await load(access, await readLayout(join(dirname(layout.directory), platform)), part)
          expectSuccess(await docker(access, ['push', part]))
          parts.push(part)
        }
        const create = ['manifest', 'create', '--insecure', reference, ...parts]
        expectSuccess(await docker(access, create))
        return docker(access, ['manifest', 'push', '--insecure', reference])
      },
      async pull(access, reference) {
        await clear(access)
        return docker(access, ['pull', reference])
      },
      async pulledDiffIds(reference) {
        const over = [...secure.values()].at(-1)?.engine ?? engine
        const args = ['image', 'inspect', '--format', '{{json .RootFS.Layers}}', reference]
        const result = await run(requireTool('docker'), args, { env: over.env })
        expectSuccess(result)
        return JSON.parse(result.stdout)
      },
      async copy(access, source, target) {
        expectSuccess(await docker(access, ['pull', source]))
        expectSuccess(await docker(access, ['tag', source, target]))
        return docker(access, ['push', target])
      },
      async stop() {
        for (const one of secure.values()) await one.stop()
        await engine.stop()
      },
    }
  },
  more(context) {
    test('a pulled root file system runs', async () => {
      const image = `${context().access.host}/debian/bookworm:latest`
      const args = ['run', '--rm', '--network=none', image, 'cat', '/etc/debian_version']
      const result = await run(requireTool('docker'), args, { env: engine.env })
      expectSuccess(result)
      expect(result.stdout).toMatch(/^12\./)
    })
  },
})
