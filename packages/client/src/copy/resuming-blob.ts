import type { Descriptor } from '@berth/oci/descriptor.ts'
import { ClientError, isClientError } from '../client-error.ts'
import type { ContentSource } from '../content.ts'

export type BlobRange = {
  /** First byte wanted. */
  readonly start: number
  /** The byte after the last one wanted. */
  readonly end: number
  readonly signal?: AbortSignal | undefined
}

/** Without a byte more; a connection that brought something starts the count again. */
const triesMax = 4

/**
 * The bytes of a range of a blob, over as many connections as it takes: one that breaks off is taken up again where it
 * was. Throws `connectionLost` when that does not help.
 */
export async function* readResuming(
  source: ContentSource,
  descriptor: Descriptor,
  { start, end, signal }: BlobRange,
): AsyncGenerator<Buffer, void> {
  let at = start
  let tries = 0
  while (at < end || at === start) {
    const before = at
    try {
      const isWhole = at === 0 && end === descriptor.size
      const options = { start: at, signal, ...(!isWhole && { length: end - at }) }
      for await (const piece of await source.openBlob(descriptor, options)) {
        // Read to its end, a connection is used again; only a source that gives too much is cut off.
        if (at === end) return
        const wanted = (piece as Buffer).subarray(0, end - at)
        at += wanted.length
        yield wanted
      }
      if (at === end) return
      throw brokenOff(source, descriptor, at)
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason
      tries = at > before ? 0 : tries + 1
      if (!isBrokenOff(error)) throw error
      if (tries >= triesMax) {
        throw isClientError(error) ? error : brokenOff(source, descriptor, at, error)
      }
    }
  }
}

/** By the transport's own word, or by the socket's. */
export function isBrokenOff(error: unknown): boolean {
  if (isClientError(error)) return error.kind === 'connectionLost'
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ECONNRESET' || code === 'EPIPE' || code === 'ERR_STREAM_PREMATURE_CLOSE'
}

function brokenOff(
  { name }: ContentSource,
  { digest, size }: Descriptor,
  at: number,
  cause?: unknown,
): ClientError {
  return new ClientError(
    'connectionLost',
    `${name} broke off the blob ${digest} after ${at} of ${size} bytes.`,
    { next: 'Run it again: what has arrived is kept.', cause },
  )
}
