import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeTarLayout } from '../fixtures/layout.ts'
import { mustRun, run } from '../tools/process.ts'

const berth = join(import.meta.dirname, '../../packages/cli/bin/berth')
const gibibyte = 1024 ** 3
/** What the process may hold on to, whatever the image's size. */
const residentMax = 320 * 1024 * 1024

let scratch: string

/** A layout with one layer of 1 GiB, stored, not compressed, from a file without content. */
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'berth-large-'))
  const sparse = join(scratch, 'sparse.tar')
  const file = await open(sparse, 'w')
  await file.truncate(gibibyte)
  await file.close()
  await mkdir(join(scratch, 'source'))
  await writeTarLayout(join(scratch, 'source'), sparse, 0)
  await rm(sparse)
}, 300_000)

afterAll(() => rm(scratch, { recursive: true, force: true }))

/** Runs berth, and gives the most memory that it held, by the kernel's own account, in bytes. */
async function residentOf(args: readonly string[]): Promise<number> {
  const child = spawn(berth, ['--quiet', ...args], { cwd: scratch, stdio: 'ignore' })
  let most = 0
  const exit = once(child, 'exit')
  const look = async (): Promise<void> => {
    // The child may have started another: the whole family counts.
    for (const pid of await familyOf(child.pid ?? 0)) {
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
      most = Math.max(most, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024)
    }
  }
  const timer = setInterval(() => void look(), 50)
  const [status] = (await exit) as [number]
  clearInterval(timer)
  expect(status, `berth ${args.join(' ')}`).toBe(0)
  return most
}

async function familyOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  const children = text
    .split(' ')
    .filter((each) => each !== '')
    .map(Number)
  return [pid, ...(await Promise.all(children.map(familyOf))).flat()]
}

test.each([
  ['into a folder', ['copy', 'oci:source', 'oci:target:1']],
  ['into an archive', ['copy', 'oci:source', 'oci-archive:a.tar:1']],
  ['out of an archive', ['copy', 'oci-archive:a.tar:1', 'oci:back:1']],
  ['verified, unpacked too', ['verify', 'oci:back:1', '--deep']],
])(
  '1 GiB goes %s in bounded memory',
  async (_, args) => {
    const resident = await residentOf(args)
    expect(resident).toBeGreaterThan(20 * 1024 * 1024)
    expect(resident).toBeLessThan(residentMax)
    console.info(`${args.slice(0, 3).join(' ')}: at most ${Math.round(resident / 1024 / 1024)} MiB`)
  },
  180_000,
)

test('a kill in the middle leaves nothing that can be seen, and the next run carries on', async () => {
  const folder = join(scratch, 'killed')
  const child = spawn(berth, ['--quiet', 'copy', 'oci:source', 'oci:killed:1'], {
    cwd: scratch,
    stdio: 'ignore',
    detached: true,
  })
  const partial = join(folder, '.berth')
  for (;;) {
    const names = await readdir(partial).catch(() => [])
    const sizes = await Promise.all(names.map((name) => sizeOf(join(partial, name))))
    if (sizes.some((size) => size > 50 * 1024 * 1024)) break
    await sleep(5)
  }
  process.kill(-(child.pid ?? 0), 'SIGKILL')
  await once(child, 'exit')
  const blobs = await readdir(join(folder, 'blobs/sha256')).catch(() => [])
  for (const name of blobs) {
    const hashed = await mustRun('sha256sum', [join(folder, 'blobs/sha256', name)])
    expect(hashed.slice(0, 64)).toBe(name)
  }
  expect(await readdir(folder)).not.toContain('index.json')
  const again = await run(berth, ['--json', 'copy', 'oci:source', 'oci:killed:1'], {
    cwd: scratch,
    timeoutSeconds: 120,
  })
  expect(again.status, again.output).toBe(0)
  expect(JSON.parse(again.stdout).blobs).toMatchObject({ resumed: 1 })
  expect(await readdir(partial)).toEqual(['lock'])
  expect((await run(berth, ['verify', 'oci:killed:1'], { cwd: scratch })).status).toBe(0)
}, 180_000)

test('a disk that is full is told with the path and what is needed, and is left clean', async () => {
  const small = join(scratch, 'small')
  await mkdir(small)
  await mustRun('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', small])
  try {
    for (const target of [`oci:${small}/layout:1`, `oci-archive:${small}/a.tar:1`]) {
      const full = await run(berth, ['copy', 'oci:source', target], { cwd: scratch })
      expect(full.status, full.output).toBe(11)
      expect(full.output).toContain(small)
    }
    expect(await readdir(small)).toEqual(['layout'])
    expect((await readdir(join(small, 'layout/.berth'))).filter((name) => name !== 'lock')).toEqual(
      [],
    )
  } finally {
    await mustRun('umount', [small])
  }
}, 60_000)

async function sizeOf(path: string): Promise<number> {
  const file = await open(path).catch(() => undefined)
  const size = (await file?.stat())?.size ?? 0
  await file?.close()
  return size
}
