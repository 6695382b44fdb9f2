import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Berth } from '../tools/berth.ts'
import { type CommandResult, findTool, mustRun, requireTool, run } from '../tools/process.ts'

export const berthFile = join(import.meta.dirname, '../../packages/cli/bin/berth')

/** `size <file> <bytes>` compares, `sleep` waits for a minute, anything else prints a line. */
const source = `
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
int main(int count, char **words) {
  struct stat found;
  if (count == 4 && strcmp(words[1], "size") == 0)
    return stat(words[2], &found) == 0 && found.st_size == atoi(words[3]) ? 0 : 3;
  if (count == 2 && strcmp(words[1], "sleep") == 0) sleep(60);
  return write(1, "hello\\n", 6) == 6 ? 0 : 1;
}
`

/** One service of the JSON that `berth build` ends with. */
type ServiceReport = {
  service: string
  state: string
  digest: string
  tags: string[]
  platforms: { platform: string; digest: string }[]
  steps: number
  cacheHits: number
  log: string
  fault: string | null
}

/**
 * A folder with a git repository, a static program, and a storage for buildah and podman of its own. Nothing can be
 * pulled from outside, so that every image begins with `scratch`.
 */
export class BuildProject {
  readonly folder: string
  readonly temporary: string
  readonly env: Readonly<Record<string, string>>
  readonly #home: string

  private constructor(home: string, berth: Berth, env: Readonly<Record<string, string>>) {
    this.#home = home
    this.folder = join(home, 'project')
    this.temporary = join(home, 'temporary')
    this.env = {
      PATH: process.env.PATH ?? '',
      HOME: home,
      TMPDIR: this.temporary,
      XDG_RUNTIME_DIR: join(home, 'run'),
      CONTAINERS_STORAGE_CONF: join(home, 'storage.conf'),
      BUILDAH_ISOLATION: 'chroot',
      // Nothing of this machine is asked unless a test says so.
      DOCKER_HOST: `unix://${join(home, 'none.sock')}`,
      REGISTRY: berth.host,
      ...env,
    }
  }

  static async open(
    berth: Berth,
    env: Readonly<Record<string, string>> = {},
  ): Promise<BuildProject> {
    const home = await mkdtemp(join(tmpdir(), 'berth-build-test-'))
    const project = new BuildProject(home, berth, env)
    await mkdir(project.temporary)
    await mkdir(join(home, 'run'))
    await project.useFreshStorage('first')
    const plugins = join(home, '.docker/cli-plugins')
    await mkdir(plugins, { recursive: true })
    const buildx = findTool('docker-buildx')
    if (buildx !== undefined) await symlink(buildx, join(plugins, 'docker-buildx'))
    await mkdir(project.folder)
    await writeFile(join(home, 'tool.c'), source)
    const [from, to] = [join(home, 'tool.c'), join(home, 'tool')]
    await mustRun(requireTool('gcc'), ['-static', '-O1', '-o', to, from])
    const args = ['login', berth.host, '-u', berth.username, '--password-stdin']
    await mustRun(berthFile, args, { env: project.env, input: berth.password })
    return project
  }

  /** Images of buildah and podman are in another, empty place from now on. */
  async useFreshStorage(name: string): Promise<void> {
    const at = (kind: string): string => join(this.#home, 'storage', name, kind)
    const text = `[storage]\ndriver = "vfs"\ngraphroot = "${at('root')}"\nrunroot = "${at('run')}"\n`
    await writeFile(join(this.#home, 'storage.conf'), text)
  }

  /** Writes files by their paths and commits all of them; \`tool\` in a folder is the program. */
  async write(
    files: Readonly<Record<string, string>>,
    folders: readonly string[] = [],
  ): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(this.folder, path)), { recursive: true })
      await writeFile(join(this.folder, path), text)
    }
    for (const folder of folders) {
      await mkdir(join(this.folder, folder), { recursive: true })
      await mustRun('cp', [join(this.#home, 'tool'), join(this.folder, folder, 'tool')])
      await chmod(join(this.folder, folder, 'tool'), 0o755)
    }
  }

  async commit(): Promise<string> {
    const git = (...args: string[]): Promise<string> =>
      mustRun(
        'git',
        ['-C', this.folder, '-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args],
        {
          env: { HOME: this.#home },
        },
      )
    await git('init', '--quiet', '--initial-branch=main')
    await git('add', '--all')
    await git('commit', '--quiet', '--message', 'one')
    return (await git('rev-parse', 'HEAD')).trim()
  }

  berth(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<CommandResult> {
    return run(berthFile, args, {
      cwd: this.folder,
      env: { ...this.env, ...env },
      timeoutSeconds: 300,
    })
  }

  /** Builds, and gives what the JSON result says of each service; throws with everything it printed when it fails. */
  async build(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<Record<string, ServiceReport>> {
    const result = await this.berth(['build', '--json', ...args], env)
    if (result.status !== 0) throw new Error(`status ${result.status}\n${result.output}`)
    return servicesOf(result)
  }

  /** Runs a builder on the same storage. */
  tool(name: string, args: readonly string[]): Promise<string> {
    return mustRun(requireTool(name), args, { env: this.env, cwd: this.folder })
  }

  /** What is in the temporary folder; the cache of Node's compiler stays there. */
  async leftOver(): Promise<string[]> {
    return (await readdir(this.temporary)).filter((name) => name !== 'node-compile-cache')
  }

  async close(): Promise<void> {
    await rm(this.#home, { recursive: true, force: true })
  }
}

export function servicesOf({ stdout }: CommandResult): Record<string, ServiceReport> {
  const { services } = JSON.parse(stdout) as { services: ServiceReport[] }
  return Object.fromEntries(services.map((each) => [each.service, each]))
}
