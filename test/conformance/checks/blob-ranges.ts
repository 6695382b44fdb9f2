import {
  type Trial,
  expect,
  expectBytes,
  expectError,
  expectHeader,
  expectStatus,
} from '../check.ts'
import { algorithms, blobPath, freshBytes, pushBlob } from '../content.ts'
import type { Answer, Registry } from '../registry.ts'

const repository = 'conformance/ranges'

/** spec end-2 with `Range` (RFC 9110, section 14). */
export async function checkBlobRanges(trial: Trial): Promise<void> {
  const { check, registry } = trial
  for (const algorithm of algorithms) {
    for (const size of [2048, 1_500_000]) {
      const bytes = freshBytes(size)
      const path = blobPath(repository, await pushBlob(registry, repository, bytes, algorithm))
      const title = `of ${size} bytes, ${algorithm}`
      for (const [range, start, end] of satisfiable(size)) {
        await check(`bytes=${range} ${title}`, async () => {
          const answer = await getRange(registry, path, `bytes=${range}`)
          expectStatus(answer, 206)
          expectHeader(answer, 'content-range', `bytes ${start}-${end}/${size}`)
          expectBytes(answer, bytes.subarray(start, end + 1))
        })
      }
      for (const range of ['500-0', `${size}-`, `${size + 3000}-${size + 9000}`, '-0']) {
        await check(`bytes=${range} ${title} cannot be satisfied`, async () => {
          const answer = await getRange(registry, path, `bytes=${range}`)
          expectError(answer, 416, 'RANGE_INVALID')
          expectHeader(answer, 'content-range', `bytes */${size}`)
        })
      }
      for (const range of ['lines=1-2', 'bytes=x-y', 'bytes=', 'bytes=1', 'nonsense']) {
        await check(`"${range}" ${title} is ignored`, async () => {
          const answer = await getRange(registry, path, range)
          expectStatus(answer, 200)
          expectBytes(answer, bytes)
        })
      }
      await checkSeveral(trial, title, path, bytes)
      await checkConditions(trial, title, path, bytes)
    }
    await check(`the empty blob has no range, ${algorithm}`, async () => {
      const digest = await pushBlob(registry, repository, Buffer.alloc(0), algorithm)
      for (const range of ['bytes=0-', 'bytes=0-0', 'bytes=-1']) {
        expectStatus(await getRange(registry, blobPath(repository, digest), range), 200, 416)
      }
    })
  }
}

function satisfiable(size: number): [string, number, number][] {
  return [
    ['500-1499', 500, 1499],
    ['500-', 500, size - 1],
    ['-500', size - 500, size - 1],
    [`2000-${size + 5000}`, 2000, size - 1],
    ['0-0', 0, 0],
    [`${size - 1}-`, size - 1, size - 1],
    ['0-', 0, size - 1],
    [`-${size + 10}`, 0, size - 1],
  ]
}

function getRange(registry: Registry, path: string, range: string): Promise<Answer> {
  return registry.ask('GET', path, { headers: { range } })
}

async function checkSeveral(
  { check, registry }: Trial,
  title: string,
  path: string,
  bytes: Buffer,
): Promise<void> {
  await check(`several ranges ${title} come as parts, or as the whole`, async () => {
    const answer = await getRange(registry, path, 'bytes=0-9,20-29,-5')
    expectStatus(answer, 200, 206)
    expectHeader(answer, 'content-length', String(answer.body.length))
    if (answer.status === 200) return expectBytes(answer, bytes)
    const size = bytes.length
    const boundary = /^multipart\/byteranges; boundary=(\S+)$/.exec(
      answer.headers['content-type'] ?? '',
    )?.[1]
    expect(answer, boundary !== undefined, 'Content-Type: multipart/byteranges; boundary=...')
    const parts = answer.body.toString('latin1').split(`--${boundary}`)
    const wanted = [[0, 9] as const, [20, 29] as const, [size - 5, size - 1] as const]
    expect(answer, parts.length === wanted.length + 2, `${wanted.length} parts`)
    for (const [index, [start, end]] of wanted.entries()) {
      const [head = '', ...rest] = (parts[index + 1] ?? '').split('\r\n\r\n')
      const range = `Content-Range: bytes ${start}-${end}/${size}`
      expect(answer, head.includes(range), `part ${index + 1} with ${range}`)
      const body = rest.join('\r\n\r\n').replace(/\r\n$/, '')
      const isSame = body === bytes.subarray(start, end + 1).toString('latin1')
      expect(answer, isSame, `part ${index + 1} with the bytes ${start} to ${end}`)
    }
  })
}

async function checkConditions(
  { check, registry }: Trial,
  title: string,
  path: string,
  bytes: Buffer,
): Promise<void> {
  await check(`If-Range ${title} holds for this blob and no other`, async () => {
    const digest = path.slice(path.lastIndexOf('/') + 1)
    const range = 'bytes=10-19'
    const same = { range, 'if-range': `"${digest}"` }
    expectBytes(await registry.ask('GET', path, { headers: same }), bytes.subarray(10, 20))
    const other = { range, 'if-range': '"another"' }
    expectBytes(await registry.ask('GET', path, { headers: other }), bytes)
  })
  await check(`a client that hangs up within a range ${title} harms nobody`, async () => {
    for (let count = 0; count < 4; count += 1) {
      const status = await registry.hangUp(path, { range: 'bytes=1-' })
      if (status !== 206) throw new Error(`GET ${path} of bytes=1- answered ${status}`)
    }
    expectBytes(await registry.ask('GET', path), bytes)
  })
  await check(`HEAD with a Range ${title} tells the whole length`, async () => {
    const answer = await registry.ask('HEAD', path, { headers: { range: 'bytes=0-9' } })
    // RFC 9110, section 14.2: Range is defined for GET alone.
    expectStatus(answer, 200)
    expectBytes(answer, bytes)
  })
}
