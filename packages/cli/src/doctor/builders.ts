import { readdir, readFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { findTool, runTool } from '../tool.ts'
import { type Answer, type Check, fail, ok, type Subject, skipped, warn } from './check.ts'
import { askDocker, type DockerEndpoint, dockerEndpoint } from './docker-endpoint.ts'

const group = 'builders'
const installDocker = 'Install docker with buildx, or buildah.'

/** What images are built with: docker and buildx, buildah and podman, and what they need of the kernel. */
export function builderChecks(subject: Subject): readonly Check[] {
  return [
    { group, name: 'docker daemon', run: (signal) => checkDaemon(subject, signal) },
    { group, name: 'docker buildx', run: (signal) => checkBuildx(subject, signal) },
    {
      group,
      name: 'buildah',
      run: (signal) => checkTool(subject, 'buildah', signal),
    },
    { group, name: 'podman', run: (signal) => checkTool(subject, 'podman', signal) },
    { group, name: 'emulation', run: () => checkEmulation(subject) },
    { group, name: 'rootless', run: () => checkRootless(subject) },
  ]
}

async function checkDaemon(subject: Subject, signal: AbortSignal): Promise<Answer> {
  const endpoint = await dockerEndpoint(subject)
  const { url, from } = endpoint
  const where = `${url.href.replace(/\/$/, '')} (${from})`
  if (url.protocol === 'ssh:') return skipped(`${where}: over SSH, which docker alone can use`)
  if (url.protocol === 'tcp:' && subject.env.DOCKER_TLS_VERIFY) {
    return skipped(`${where}: with TLS, which is not looked at here`)
  }
  const hasOther = (await findTool('buildah', subject.env)) !== undefined
  try {
    const { status, body } = await askDocker(endpoint, '/version', signal)
    if (status !== 200) return fail(`${where} answers ${status}`, 'Look into the log of dockerd.')
    return ok(`${where}: version ${(JSON.parse(body) as { Version?: string }).Version ?? '?'}`)
  } catch (error) {
    const answer = explainDaemon(error, endpoint, where)
    // Who builds with buildah needs no docker, as long as nobody asked for it.
    if (hasOther && from === 'the default' && answer.status === 'fail') {
      return { ...answer, status: 'warn' }
    }
    return answer
  }
}

function explainDaemon(error: unknown, { url, from }: DockerEndpoint, where: string): Answer {
  const { code, message } = error as NodeJS.ErrnoException
  const isSocket = url.protocol === 'unix:'
  if (code === 'EACCES') {
    return fail(
      `${where}: this user may not use the socket`,
      'Add the user to the group of the socket (sudo usermod -aG docker "$USER") and log in anew; that is as good as root.',
    )
  }
  if (code === 'ENOENT' && isSocket) {
    return fail(
      `${where}: there is no such socket`,
      from === 'DOCKER_HOST'
        ? 'Correct or unset DOCKER_HOST.'
        : `Start docker (sudo systemctl start docker). ${installDocker}`,
    )
  }
  if (code === 'ECONNREFUSED') {
    return fail(`${where}: nothing listens there`, 'Start docker: sudo systemctl start docker')
  }
  return fail(`${where}: ${message}`, 'Correct DOCKER_HOST or the docker context, or start docker.')
}

async function checkBuildx(subject: Subject, signal: AbortSignal): Promise<readonly Answer[]> {
  const { env } = subject
  if ((await findTool('docker', env)) === undefined) return [skipped('docker is not installed')]
  const version = await runTool('docker', ['buildx', 'version'], { env, signal })
  if (version.status !== 0) {
    return [
      warn(
        'the buildx plugin is not installed',
        'Install docker-buildx (Debian: docker-buildx, others: docker-buildx-plugin), or build with buildah.',
      ),
    ]
  }
  const shown = version.stdout.trim().split('\n')[0] ?? ''
  const list = await runTool('docker', ['buildx', 'ls', '--format', '{{json .}}'], { env, signal })
  if (list.status !== 0)
    return [ok(shown), skipped('builders: this buildx cannot list them as JSON')]
  const builders = list.stdout.split('\n').filter((line) => line.startsWith('{'))
  return [ok(shown), ...builders.map((line) => builderAnswer(line, subject))]
}

function builderAnswer(line: string, { platforms }: Subject): Answer {
  const { Name: name = '?', Driver: driver = '?' } = JSON.parse(line) as Record<string, string>
  // The fields differ between versions of buildx; a platform looks like one in all of them.
  const able = new Set(line.match(/\blinux\/[a-z0-9]+(?:\/v[0-9]+)?/g) ?? [])
  const missing = platforms.filter((platform) => !able.has(platform))
  const text = `${driver}, ${[...able].sort().join(' ') || 'no platform known until it has started'}`
  if (missing.length === 0 || able.size === 0) return { ...ok(text), name: `builder ${name}` }
  return {
    name: `builder ${name}`,
    ...warn(
      `${text}; not for ${missing.join(' ')}`,
      'Register emulators (see "emulation"), then: docker buildx create --use --driver docker-container',
    ),
  }
}

async function checkTool(subject: Subject, tool: string, signal: AbortSignal): Promise<Answer> {
  if ((await findTool(tool, subject.env)) === undefined) return skipped('not installed')
  const { status, stdout, stderr } = await runTool(tool, ['--version'], {
    env: subject.env,
    signal,
  })
  if (status === 0) return ok(stdout.trim().split('\n')[0] ?? '')
  return fail(`it fails: ${stderr.trim().split('\n').at(-1) ?? ''}`, `Reinstall ${tool}.`)
}

const qemuNames: Readonly<Record<string, string>> = {
  arm64: 'aarch64',
  amd64: 'x86_64',
  '386': 'i386',
  riscv64: 'riscv64',
  ppc64le: 'ppc64le',
  s390x: 's390x',
  arm: 'arm',
}
const ownArchitectures: Readonly<Record<string, readonly string[]>> = {
  x64: ['amd64', '386'],
  arm64: ['arm64', 'arm'],
}

async function checkEmulation({ platforms }: Subject): Promise<Answer> {
  if (process.platform !== 'linux') return skipped(`done by docker itself on ${process.platform}`)
  const folder = '/proc/sys/fs/binfmt_misc'
  const entries = await readdir(folder).catch(() => [])
  const enabled: string[] = []
  for (const entry of entries.filter((each) => each.startsWith('qemu-'))) {
    const text = await readFile(`${folder}/${entry}`, 'utf8').catch(() => '')
    if (text.startsWith('enabled')) enabled.push(entry.slice('qemu-'.length))
  }
  const own = ownArchitectures[process.arch] ?? []
  const missing = [...new Set(platforms.map((platform) => platform.split('/')[1] ?? ''))].filter(
    (name) => !own.includes(name) && !enabled.includes(qemuNames[name] ?? name),
  )
  const seen = enabled.length === 0 ? 'no emulators registered' : `for ${enabled.join(' ')}`
  if (missing.length === 0)
    return enabled.length === 0 ? skipped(`${seen}, and none needed`) : ok(seen)
  return warn(
    `${seen}; ${missing.join(' ')} is wanted`,
    `Register them: sudo apt-get install qemu-user-static, or: docker run --privileged --rm tonistiigi/binfmt --install ${missing.join(',')}`,
  )
}

async function checkRootless({ env }: Subject): Promise<Answer> {
  if (process.platform !== 'linux') return skipped(`not needed on ${process.platform}`)
  const { uid, username } = userInfo()
  if (uid === 0) return skipped('this is root')
  for (const file of ['/etc/subuid', '/etc/subgid']) {
    const text = await readFile(file, 'utf8').catch(() => '')
    const count = text
      .split('\n')
      .map((line) => line.split(':'))
      .filter(([who]) => who === username || who === String(uid))
      .reduce((sum, [, , size]) => sum + Number(size ?? 0), 0)
    if (count < 65_536) {
      return warn(
        `${file} gives ${username} ${count} ids, and images use 65536`,
        `Add them: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${username}`,
      )
    }
  }
  for (const tool of ['newuidmap', 'newgidmap']) {
    if ((await findTool(tool, env)) === undefined) {
      return warn(`${tool} is not installed`, 'Install it: sudo apt-get install uidmap')
    }
  }
  return ok(`${username} has subordinate ids, newuidmap and newgidmap`)
}
