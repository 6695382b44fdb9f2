import { setTimeout as sleep } from 'node:timers/promises'
import { uniqueBlob } from '../unique-data.ts'
import { RegistryConnection } from './registry.ts'

export type Latencies = { get: number[]; put: number[] }

const getters = 8
const putters = 2
const putBytes = 16 * 1024

/**
 * A steady load well below what the server can do, so that waiting is the server's and not the queue's:
 * GETs of the given paths and pushes of small new blobs. Runs until `done` resolves; returns milliseconds.
 */
export async function mixedLoad(
  load: { url: string; paths: string[]; repository: string },
  done: Promise<unknown>,
): Promise<Latencies> {
  const latencies: Latencies = { get: [], put: [] }
  const ended = new AbortController()
  const stopped = done.finally(() => ended.abort())
  const repeat = async (
    into: number[],
    pause: number,
    request: (connection: RegistryConnection) => Promise<unknown>,
  ) => {
    const connection = new RegistryConnection(load.url)
    while (!ended.signal.aborted) {
      const started = performance.now()
      await request(connection)
      into.push(performance.now() - started)
      await sleep(pause)
    }
    await connection.close()
  }
  const get = (connection: RegistryConnection) =>
    connection.request(
      'GET',
      load.paths[Math.floor(Math.random() * load.paths.length)] ?? '',
      [200],
    )
  const put = (connection: RegistryConnection) => {
    const { digest, bytes } = uniqueBlob(putBytes)
    return connection.pushBlob(load.repository, digest, bytes)
  }
  await Promise.all([
    stopped,
    ...Array.from({ length: getters }, () => repeat(latencies.get, 4, get)),
    ...Array.from({ length: putters }, () => repeat(latencies.put, 10, put)),
  ])
  return latencies
}
