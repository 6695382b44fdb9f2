import { readdir } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Random } from './random.ts'
import { eventually, RawRequest } from './raw-request.ts'
import { digestOf, pushBlob, RegistryClient } from './registry-client.ts'
import { makeWorkplace, ServerProcess, type Workplace } from './server-process.ts'

const mebibyte = 1 << 20
const readers = 100
const repository = 'team/app'
const random = new Random('slow readers')
const large = random.bytes(64 * mebibyte)
const small = random.bytes(64 * 1024)

let place: Workplace
let server: ServerProcess
let http: RegistryClient

beforeAll(async () => {
  place = await makeWorkplace()
  server = await ServerProcess.start(place, { http: { stallTimeoutSeconds: 6 } })
  http = new RegistryClient(server.origin)
  await pushBlob(http, repository, large)
  await pushBlob(http, repository, small)
})

afterAll(async () => {
  await http?.close()
  await server?.kill()
  await place?.remove()
})

/** Latencies of pulls of the small blob, sorted, in milliseconds. */
async function pullSmall(times: number): Promise<number[]> {
  const latencies: number[] = []
  const puller = async (): Promise<void> => {
    for (let count = 0; count < times / 4; count += 1) {
      const started = performance.now()
      const answer = await http.send('GET', `/v2/${repository}/blobs/${digestOf(small)}`)
      latencies.push(performance.now() - started)
      expect(answer.body.equals(small)).toBe(true)
    }
  }
  await Promise.all(Array.from({ length: 4 }, puller))
  return latencies.sort((a, b) => a - b)
}

async function openFiles(): Promise<number> {
  return (await readdir(`/proc/${server.pid}/fd`)).length
}

const p99 = (sorted: number[]): number => sorted[Math.floor(sorted.length * 0.99)] ?? 0

test(`${readers} clients that read a byte a second cost little memory, slow nobody down and are cut off when they stop`, async () => {
  await pullSmall(400)
  const quiet = p99(await pullSmall(800))
  const before = await server.residentBytes()
  const filesBefore = await openFiles()
  const slow = await Promise.all(
    Array.from({ length: readers }, () =>
      RawRequest.open(server.port, 'GET', `/v2/${repository}/blobs/${digestOf(large)}`),
    ),
  )
  for (const reader of slow) {
    await reader.status()
    // From here on nothing is taken from the socket but what `read` asks for.
    reader.socket.removeAllListeners('data')
    reader.socket.pause()
  }
  const sipping = setInterval(() => {
    for (const reader of slow) reader.socket.read(1)
  }, 1000)
  try {
    // Until the buffers of all those connections are full, they are just readers.
    await new Promise((resolve) => setTimeout(resolve, 1500))
    const busy = p99(await pullSmall(800))
    const grown = (await server.residentBytes()) - before
    console.log(
      `${readers} readers of ${large.length >> 20} MiB: memory grew by ${grown >> 20} MiB, ` +
        `p99 of other pulls ${busy.toFixed(1)} ms (${quiet.toFixed(1)} ms without them)`,
    )
    // The budget for bodies is 64 MiB; the rest is what the sockets themselves hold.
    expect(grown).toBeLessThan(160 * mebibyte)
    expect(busy).toBeLessThan(Math.max(5 * quiet, 100))
  } finally {
    clearInterval(sipping)
  }
  // Node gives a write that was under way at the first timeout a second one.
  await eventually('every reader that stalled is cut off', 30_000, async () => {
    return (await openFiles()) <= filesBefore + 10
  })
  for (const reader of slow) reader.destroy()
  expect(server.errors).toEqual([])
}, 120_000)

test('a reader that is slow but steady gets every byte', async () => {
  const blob = await RawRequest.open(
    server.port,
    'GET',
    `/v2/${repository}/blobs/${digestOf(large)}`,
    {
      range: `bytes=0-${20 * mebibyte - 1}`,
    },
  )
  expect(await blob.status()).toBe(206)
  blob.discard()
  // Two MiB every half second: longer than the stall timeout all in all.
  while (blob.receivedBytes < 20 * mebibyte) {
    const goal = blob.receivedBytes + 2 * mebibyte
    blob.socket.resume()
    await eventually(
      'more bytes',
      10_000,
      () => blob.receivedBytes >= Math.min(goal, 20 * mebibyte),
    )
    blob.socket.pause()
    await new Promise((resolve) => setTimeout(resolve, 800))
  }
  expect(blob.receivedBytes).toBeGreaterThanOrEqual(20 * mebibyte)
  blob.destroy()
}, 60_000)
