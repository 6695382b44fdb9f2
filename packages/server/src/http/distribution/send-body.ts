import type { ServerResponse } from 'node:http'
import type { Exchange } from '../exchange.ts'
import type { BodyBuffers } from './body-buffers.ts'
import type { ByteRange } from './range.ts'

/** Where the bytes of an answer come from. */
type ByteSource = {
  /** Fills `into` from `position`; returns the number of bytes, fewer only at the end. */
  read(into: Buffer, position: number): Promise<number>
}

/** The stored bytes ended before the length that was promised: the answer was cut off, because it cannot be put right. */
export class ShortBodyError extends Error {
  override readonly name = 'ShortBodyError'
}

/**
 * Sends `range` of `source` as (a part of) the body of an answer that was begun, reading the next chunk while one is
 * being sent. Nothing is gathered: at most two buffers are held, however slow the client is.
 *
 * Resolves `true` when every byte was handed to the connection, `false` when the client left. Rejects when the
 * source fails or ends early; the caller must then cut the connection. In every case no read and no write is under way
 * any more that touches `source` or a buffer that others get.
 */
export async function sendRange(
  exchange: Exchange,
  source: ByteSource,
  range: ByteRange,
  buffers: BodyBuffers,
): Promise<boolean> {
  buffers.join()
  try {
    return await pump(exchange, source, range, buffers)
  } finally {
    buffers.leave()
  }
}

async function pump(
  exchange: Exchange,
  source: ByteSource,
  range: ByteRange,
  buffers: BodyBuffers,
): Promise<boolean> {
  const { response } = exchange
  let remaining = range.end - range.start + 1
  let position = range.start
  let sending: Buffer | undefined
  let sent: Promise<boolean> | undefined
  while (remaining > 0) {
    const filling = buffers.take(remaining)
    const wanted = Math.min(filling.length, remaining)
    const chunk = wanted === filling.length ? filling : filling.subarray(0, wanted)
    let filled: number
    try {
      filled = await readFully(source, chunk, position)
    } catch (error) {
      buffers.drop(filling)
      if (sending !== undefined) buffers.drop(sending)
      throw error
    }
    const arrived = sent === undefined || (await sent)
    if (sending !== undefined) {
      if (arrived) buffers.give(sending)
      else buffers.drop(sending)
    }
    if (!arrived || response.destroyed) {
      buffers.give(filling)
      return false
    }
    if (filled < wanted) {
      buffers.give(filling)
      throw new ShortBodyError(
        `The stored bytes end at ${position + filled}, ${remaining - filled} bytes early.`,
      )
    }
    sending = filling
    sent = writeChunk(exchange, response, chunk)
    position += wanted
    remaining -= wanted
  }
  const arrived = sent === undefined || (await sent)
  if (sending !== undefined) {
    if (arrived) buffers.give(sending)
    else buffers.drop(sending)
  }
  return arrived
}

/** Sends bytes that are in memory already as a part of the body. `false`: the client left. */
export async function sendPart(exchange: Exchange, bytes: Buffer): Promise<boolean> {
  if (exchange.response.destroyed) return false
  return await writeChunk(exchange, exchange.response, bytes)
}

/** Reads until `chunk` is full or the source has no more. */
async function readFully(source: ByteSource, chunk: Buffer, position: number): Promise<number> {
  let filled = await source.read(chunk, position)
  while (filled < chunk.length) {
    const more = await source.read(chunk.subarray(filled), position + filled)
    if (more === 0) return filled
    filled += more
  }
  return filled
}

/**
 * Resolves when the connection is done with `chunk`: `true` once it was sent, `false` when the client left.
 * The callback of a write may never come when the connection dies, so that is watched as well.
 */
function writeChunk(exchange: Exchange, response: ServerResponse, chunk: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    exchange.onAbort = () => resolve(false)
    response.write(chunk, (error) => {
      exchange.onAbort = undefined
      if (!error) exchange.bytesSent += chunk.length
      resolve(!error)
    })
  })
}
