import { readdirSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { upload } from '../clients/curl.ts'
import { RegistryConnection, withDigest } from '../clients/registry.ts'
import type { RunningContender } from '../peers/contender.ts'
import { flushDisks, measureRounds } from '../rounds.ts'
import { writeUniqueFile } from '../unique-data.ts'
import {
  chosen,
  ratioBar,
  type Context,
  type Row,
  type Scenario,
  type ScenarioResult,
  withRunning,
} from './scenario.ts'

const repository = 'bench/large'
const bars = ['>= 2 x docker-registry', '>= 1.2 x zot', '>= 2 x zot with commit: true'] as const

export const pushLarge: Scenario = {
  name: 'push-large',
  title: 'One 1 GiB blob, durable on Berth and on zot with commit: true',
  heavy: false,
  berthOnly: false,
  bars: [...bars],
  run,
}

async function run(context: Context): Promise<ScenarioResult> {
  const size = context.settings.largeBytes
  const file = join(context.workspace.memoryDirectory, 'large')
  let digest = ''
  const contenders = chosen(
    context,
    'berth',
    'docker-registry',
    'distribution',
    'zot',
    'zot-commit',
  )
  const [patched, put] = await withRunning(context, contenders, async (running) => {
    const measure = (name: string, push: typeof pushPatched) =>
      measureRounds(context, running, {
        name,
        unit: 'GB/s',
        prepare: () => {
          digest = writeUniqueFile(file, size)
        },
        run: async (contender) => {
          const started = performance.now()
          await push(contender, file, digest)
          return { value: size / 1e6 / (performance.now() - started), bytes: size }
        },
        settle: (contender) => {
          flushDisks()
          dropStoredBytes(contender.directory)
        },
      })
    return [
      await measure('POST, PATCH, PUT', pushPatched),
      await measure('POST, PUT', pushPut),
    ] as const
  })
  return {
    rows: [...patched, ...put],
    bars: [...judge('POST, PATCH, PUT', patched), ...judge('POST, PUT', put)],
    notes: [
      'POST, PATCH, PUT is how Docker pushes (the PATCH in chunked encoding), POST, PUT how containerd and oras do.',
      'docker-registry, distribution and zot with its defaults acknowledge before the blob is on disk; what they left unwritten is flushed between measurements.',
    ],
  }
}

function judge(name: string, rows: Row[]) {
  return [
    ratioBar(`${name}: ${bars[0]}`, rows, 2, ['docker-registry']),
    ratioBar(`${name}: ${bars[1]}`, rows, 1.2, ['zot']),
    ratioBar(`${name}: ${bars[2]}`, rows, 2, ['zot-commit']),
  ]
}

async function pushPatched(
  contender: RunningContender,
  file: string,
  digest: string,
): Promise<void> {
  const connection = new RegistryConnection(contender.url)
  const session = await connection.startUpload(repository)
  const location = await upload({
    url: contender.url + session,
    file,
    method: 'PATCH',
    chunked: true,
    expected: 202,
  })
  const { pathname, search } = new URL(location, contender.url)
  await connection.request('PUT', withDigest(pathname + search, digest), [201])
  await connection.close()
}

async function pushPut(contender: RunningContender, file: string, digest: string): Promise<void> {
  const connection = new RegistryConnection(contender.url)
  const session = await connection.startUpload(repository)
  await upload({
    url: contender.url + withDigest(session, digest),
    file,
    method: 'PUT',
    expected: 201,
  })
  await connection.close()
}

/** Gives the disk back between rounds: no later round reads these blobs, and no registry looks at them meanwhile. */
function dropStoredBytes(directory: string): void {
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile() && statSync(path).size > 64 * 1024 ** 2) truncateSync(path)
  }
}
