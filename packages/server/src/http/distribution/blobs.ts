import { parseDigest } from '@berth/oci/digest.ts'
import { BerthError } from '../../errors.ts'
import type { OpenBlob } from '../../registry/blobs.ts'
import type { Exchange } from '../exchange.ts'
import { layOutByteRanges } from './byteranges.ts'
import type { Door, RepositoryCall } from './door.ts'
import { sendError } from './errors.ts'
import {
  contentHeaders,
  emptyHeaders,
  type HeaderList,
  immutableCacheControl,
  isNotModified,
} from './headers.ts'
import { type ByteRange, parseRange } from './range.ts'
import { sendPart, sendRange } from './send-body.ts'

const contentType = 'application/octet-stream'

/** spec end-2: HEAD blob. */
async function headBlob(door: Door, call: RepositoryCall): Promise<void> {
  const { exchange, caller, repository } = call
  // Whoever may push looks here whether a layer must be uploaded, and relies on a yes.
  const renew = await caller.may('push', repository)
  const blob = await door.blobs.statBlob(repository, parseDigest(call.last), { renew })
  const headers = blobHeaders(call, blob)
  if (isNotModified(exchange.request.headers['if-none-match'], blob.digest)) {
    exchange.send(304, headers)
    return
  }
  headers.push('Content-Type', contentType, 'Content-Length', String(blob.size))
  exchange.send(200, headers)
}

/** spec end-2: GET and HEAD blob, whole or by `Range`. */
export async function getBlob(door: Door, call: RepositoryCall): Promise<void> {
  if (call.exchange.isHead) return headBlob(door, call)
  const blob = await door.blobs.openBlob(call.repository, parseDigest(call.last))
  try {
    await answerBlob(door, call, blob)
  } finally {
    blob.release()
  }
}

/** spec end-10: DELETE blob. */
export async function deleteBlob(door: Door, call: RepositoryCall): Promise<void> {
  await door.blobs.deleteBlob(call.repository, parseDigest(call.last), call.permit)
  call.exchange.send(202, emptyHeaders())
}

async function answerBlob(door: Door, call: RepositoryCall, blob: OpenBlob): Promise<void> {
  const { exchange } = call
  const { headers: asked } = exchange.request
  const headers = blobHeaders(call, blob)
  if (isNotModified(asked['if-none-match'], blob.digest)) {
    exchange.send(304, headers)
    return
  }
  const wantsRange = asked.range !== undefined && isSameContent(asked['if-range'], blob)
  const ranges = wantsRange ? parseRange(asked.range, blob.size) : undefined
  if (ranges === undefined) {
    headers.push('Content-Type', contentType, 'Content-Length', String(blob.size))
    await sendBytes(door, exchange, 200, headers, blob, { start: 0, end: blob.size - 1 })
    return
  }
  if (ranges === 'unsatisfiable') {
    sendError(
      exchange,
      new BerthError('rangeInvalid', `The range is not within the ${blob.size} bytes of the blob.`),
      ['Content-Range', `bytes */${blob.size}`],
    )
    return
  }
  const [only] = ranges
  if (only !== undefined && ranges.length === 1) {
    const length = only.end - only.start + 1
    headers.push('Content-Type', contentType, 'Content-Length', String(length))
    headers.push('Content-Range', `bytes ${only.start}-${only.end}/${blob.size}`)
    await sendBytes(door, exchange, 206, headers, blob, only)
    return
  }
  await sendByteRanges(door, exchange, headers, blob, ranges)
}

/** Sends one stretch of the blob as the whole body. */
async function sendBytes(
  door: Door,
  exchange: Exchange,
  status: number,
  headers: HeaderList,
  blob: OpenBlob,
  range: ByteRange,
): Promise<void> {
  if (blob.bytes !== undefined) {
    const isWhole = range.start === 0 && range.end === blob.size - 1
    exchange.send(
      status,
      headers,
      isWhole ? blob.bytes : blob.bytes.subarray(range.start, range.end + 1),
    )
    return
  }
  if (range.start > range.end) {
    exchange.send(status, headers)
    return
  }
  if (exchange.isAnswered) return
  exchange.begin(status, headers)
  if (await sendRange(exchange, blob, range, door.bodyBuffers)) exchange.response.end()
}

async function sendByteRanges(
  door: Door,
  exchange: Exchange,
  headers: HeaderList,
  blob: OpenBlob,
  ranges: readonly ByteRange[],
): Promise<void> {
  const layout = layOutByteRanges(ranges, blob.size, contentType)
  headers.push('Content-Type', layout.contentType, 'Content-Length', String(layout.length))
  if (exchange.isAnswered) return
  exchange.begin(206, headers)
  for (const { preamble, range } of layout.parts) {
    if (!(await sendPart(exchange, preamble))) return
    const isSent =
      blob.bytes === undefined
        ? await sendRange(exchange, blob, range, door.bodyBuffers)
        : await sendPart(exchange, blob.bytes.subarray(range.start, range.end + 1))
    if (!isSent) return
  }
  if (await sendPart(exchange, layout.epilogue)) exchange.response.end()
}

function blobHeaders(call: RepositoryCall, blob: { digest: OpenBlob['digest'] }): HeaderList {
  const headers = contentHeaders(blob.digest)
  headers.push('Accept-Ranges', 'bytes', 'Cache-Control', immutableCacheControl(call.caller))
  return headers
}

/** RFC 9110, section 13.1.5: a range counts only if the client holds parts of this very content. */
function isSameContent(ifRange: string | string[] | undefined, blob: OpenBlob): boolean {
  return ifRange === undefined || ifRange === `"${blob.digest}"` || ifRange === blob.digest
}
