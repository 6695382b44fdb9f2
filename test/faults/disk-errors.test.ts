import { join } from 'node:path'
import { expect } from 'vitest'
import { testWhere } from './machine.ts'
import { Random } from './random.ts'
import { digestOf, pushBlob, pushImage, RegistryClient } from './registry-client.ts'
import { makeWorkplace, ServerProcess, type Workplace } from './server-process.ts'
import { fileOfBlob, storedFiles } from './stored.ts'
import { failCalls, lackingForStrace } from './strace.ts'

const repository = 'team/app'
const lacking = lackingForStrace()

async function withServer(
  body: (parts: { place: Workplace; server: ServerProcess; http: RegistryClient }) => Promise<void>,
): Promise<void> {
  const place = await makeWorkplace()
  const server = await ServerProcess.start(place)
  const http = new RegistryClient(server.origin)
  try {
    await body({ place, server, http })
  } finally {
    await http.close()
    await server.kill()
    await place.remove()
  }
}

for (const [name, size] of Object.entries({ small: 40_000, large: 3_000_000 })) {
  testWhere(
    `a read error (EIO) never makes a ${name} blob look whole, hits nobody else, and is over when the disk is well`,
    lacking,
    () =>
      withServer(async ({ place, server, http }) => {
        const random = new Random(`read error ${name}`)
        const bytes = random.bytes(size)
        const other = random.bytes(size)
        const digest = await pushBlob(http, repository, bytes)
        await pushBlob(http, repository, other)
        const pull = (of: string) => http.send('GET', `/v2/${repository}/blobs/${of}`)
        const fault = await failCalls(server.pid, 'pread64', fileOfBlob(place, digest), 'EIO')
        try {
          const answer = await pull(digest).catch(() => 'cut' as const)
          if (answer !== 'cut') expect(answer.status).toBe(503)
          expect((await pull(digestOf(other))).body.equals(other)).toBe(true)
        } finally {
          await fault.stop()
        }
        expect((await pull(digest)).body.equals(bytes)).toBe(true)
      }),
  )
}

testWhere(
  'a blob that could not be synced (EIO) is not acknowledged and leaves nothing',
  lacking,
  () =>
    withServer(async ({ place, server, http }) => {
      const random = new Random('object sync error')
      const bytes = random.bytes(100_000)
      const location = (await http.send('POST', `/v2/${repository}/blobs/uploads/`)).headers[
        'location'
      ]
      const patched = await http.send('PATCH', location ?? '', { body: bytes })
      expect(patched.status).toBe(202)
      const [file] = await storedFiles(place)
      const fault = await failCalls(server.pid, 'fdatasync', file?.path ?? '', 'EIO')
      try {
        const path = `${patched.headers['location']}&digest=${digestOf(bytes)}`
        expect((await http.send('PUT', path)).status).toBe(503)
      } finally {
        await fault.stop()
      }
      const blob = `/v2/${repository}/blobs/${digestOf(bytes)}`
      expect((await http.send('HEAD', blob)).status).toBe(404)
      expect(await storedFiles(place)).toEqual([])
      await pushBlob(http, repository, bytes)
      expect((await http.send('GET', blob)).body.equals(bytes)).toBe(true)
    }),
)

testWhere(
  'when the database could not be synced (EIO) nothing more is acknowledged until a restart, and pulls go on',
  lacking,
  async () => {
    const place = await makeWorkplace()
    const random = new Random('database sync error')
    const layer = random.bytes(50_000)
    let server = await ServerProcess.start(place)
    let http = new RegistryClient(server.origin)
    try {
      const image = await pushImage(http, repository, 'latest', [layer])
      const log = join(place.dataDirectory, 'metadata.sqlite-wal')
      const fault = await failCalls(server.pid, 'fdatasync', log, 'EIO')
      const more = random.bytes(1000)
      const post = `/v2/${repository}/blobs/uploads/?digest=${digestOf(more)}`
      try {
        expect((await http.send('POST', post, { body: more })).status).toBe(503)
      } finally {
        await fault.stop()
      }
      // The kernel may have dropped the pages: a sync that succeeds afterwards proves nothing.
      expect((await http.send('POST', post, { body: more })).status).toBe(503)
      const expectPull = async (): Promise<void> => {
        const manifest = await http.send('GET', `/v2/${repository}/manifests/latest`)
        expect(manifest.body.equals(image.payload)).toBe(true)
        const blob = await http.send('GET', `/v2/${repository}/blobs/${digestOf(layer)}`)
        expect(blob.body.equals(layer)).toBe(true)
      }
      await expectPull()
      expect((await http.send('GET', '/livez')).status).toBe(200)
      await http.close()
      await server.kill()
      server = await ServerProcess.start(place)
      http = new RegistryClient(server.origin)
      await expectPull()
      expect((await http.send('POST', post, { body: more })).status).toBe(201)
    } finally {
      await http.close()
      await server.kill()
      await place.remove()
    }
  },
)
