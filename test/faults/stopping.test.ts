import { connect } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Random } from './random.ts'
import { eventually, RawRequest } from './raw-request.ts'
import { digestOf, pushBlob, RegistryClient, startUpload } from './registry-client.ts'
import {
  makeWorkplace,
  ServerProcess,
  StartFailure,
  type Workplace,
  writeSettings,
} from './server-process.ts'
import { storedFiles } from './stored.ts'

const mebibyte = 1 << 20
const repository = 'team/app'
const random = new Random('stopping')

let place: Workplace
let server: ServerProcess | undefined

beforeEach(async () => {
  place = await makeWorkplace()
})

afterEach(async () => {
  await server?.kill()
  server = undefined
  await place.remove()
})

async function start(drainTimeoutSeconds: number): Promise<ServerProcess> {
  server = await ServerProcess.start(place, { http: { drainTimeoutSeconds } })
  return server
}

/** Whether the server takes a new connection. */
function isAccepting(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

test('SIGTERM lets a push and a pull finish, takes no new connection meanwhile, and exits with 0', async () => {
  const berth = await start(20)
  const http = new RegistryClient(berth.origin)
  const layer = random.bytes(24 * mebibyte)
  const pulled = await pushBlob(http, repository, layer)
  const pushed = random.bytes(4 * mebibyte)
  const location = await startUpload(http, repository)
  await http.close()

  const push = await RawRequest.open(berth.port, 'PUT', `${location}&digest=${digestOf(pushed)}`, {
    'content-length': pushed.length,
  })
  await push.write(pushed.subarray(0, mebibyte))
  const pull = await RawRequest.open(berth.port, 'GET', `/v2/${repository}/blobs/${pulled}`)
  expect(await pull.status()).toBe(200)
  pull.socket.pause()
  pull.discard()

  const started = performance.now()
  const exit = berth.terminate()
  await eventually('no new connections', 5_000, async () => !(await isAccepting(berth.port)))
  expect(performance.now() - started).toBeLessThan(5_000)

  await push.write(pushed.subarray(mebibyte))
  expect(await push.status()).toBe(201)
  pull.socket.resume()
  await pull.closed
  expect(pull.receivedBytes).toBeGreaterThanOrEqual(layer.length)
  expect(await exit).toBe(0)
  expect((performance.now() - started) / 1000).toBeLessThan(20)

  const again = await start(1)
  const check = new RegistryClient(again.origin)
  const answer = await check.send('GET', `/v2/${repository}/blobs/${digestOf(pushed)}`)
  expect(answer.body.equals(pushed)).toBe(true)
  await check.close()
}, 60_000)

test('SIGTERM cuts off what is not done after http.drainTimeoutSeconds, exits with 0, and the session can go on', async () => {
  const berth = await start(2)
  const http = new RegistryClient(berth.origin)
  const location = await startUpload(http, repository)
  await http.close()
  const push = await RawRequest.open(berth.port, 'PATCH', location, { 'content-length': mebibyte })
  await push.write(random.bytes(1000))
  // Once there is an object, the request is under way.
  await eventually(
    'the request is under way',
    5_000,
    async () => (await storedFiles(place)).length === 1,
  )
  const started = performance.now()
  expect(await berth.terminate()).toBe(0)
  const seconds = (performance.now() - started) / 1000
  expect(seconds).toBeGreaterThan(1.5)
  expect(seconds).toBeLessThan(8)
  await push.closed

  const again = await start(1)
  const check = new RegistryClient(again.origin)
  const answer = await check.send('GET', location)
  expect(answer.status).toBe(204)
  expect(answer.headers['range']).toBe('0-0')
  await check.close()
}, 60_000)

test('a second server on the same data folder refuses to start and says why; the first goes on', async () => {
  const berth = await start(1)
  await writeSettings(place)
  const second = ServerProcess.start(place)
  const failure: unknown = await second.catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(StartFailure)
  const { code, output } = failure as StartFailure
  expect(code).toBe(1)
  expect(output).toContain(place.dataDirectory)
  expect(output).toMatch(/another berth server is using/i)
  const http = new RegistryClient(berth.origin)
  await pushBlob(http, repository, Buffer.from('still here'))
  await http.close()
})
