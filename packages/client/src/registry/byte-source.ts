import type { Readable, Writable } from 'node:stream'
import { ClientError } from '../client-error.ts'
import { LargeBody } from '../transport/large-body.ts'

/** Written and not yet taken by the connection: enough that reading and writing overlap. */
const underWayMax = 2 * 1024 * 1024

/**
 * A readable taken in pieces: each `writeTo` passes on the next so many bytes and leaves the rest. Chunks go on as they
 * came; only the one at a border is cut.
 */
export class ByteSource {
  readonly #readable: Readable
  #left: Buffer | undefined
  #error: Error | undefined

  constructor(readable: Readable) {
    this.#readable = readable
    readable.once('error', (error) => {
      this.#error = readError(error)
    })
  }

  /** Writes the next `length` bytes, minding backpressure. Throws `connectionLost` when the source ends before. */
  writeTo(target: Writable, length: number, onBytes: (bytes: number) => void): Promise<void> {
    if (length === 0) return Promise.resolve()
    const readable = this.#readable
    return new Promise((resolve, reject) => {
      let missing = length
      let underWay = 0
      const finish = (error?: Error): void => {
        readable.off('data', onData).off('end', onEnd).off('close', onEnd).off('error', onError)
        target.off('close', onTargetClose).off('error', finish)
        readable.pause()
        if (error === undefined) resolve()
        else reject(error)
      }
      const onEnd = (): void => {
        // All that was wanted has been read, and is on its way.
        if (missing > 0) finish(this.#error ?? endedEarly(missing))
      }
      const onError = (error: Error): void => finish(readError(error))
      const onTargetClose = (): void =>
        finish(new ClientError('connectionLost', 'The connection was cut while sending.'))
      const onData = (chunk: Buffer): void => {
        const isWhole = chunk.length <= missing
        const piece = isWhole ? chunk : chunk.subarray(0, missing)
        if (!isWhole) this.#left = chunk.subarray(missing)
        missing -= piece.length
        underWay += piece.length
        target.write(piece, (error) => {
          underWay -= piece.length
          if (error !== null && error !== undefined) return finish(error)
          onBytes(piece.length)
          // The other half of a cut chunk is still to be sent.
          if (isWhole && readable instanceof LargeBody) readable.release(chunk)
          if (missing === 0) {
            if (underWay === 0) finish()
          } else if (underWay < underWayMax) readable.resume()
          return undefined
        })
        if (missing === 0) readable.off('data', onData).pause()
        else if (underWay >= underWayMax) readable.pause()
      }
      target.once('close', onTargetClose).once('error', finish)
      const left = this.#left
      this.#left = undefined
      if (left !== undefined) onData(left)
      if (missing === 0) return
      if (this.#error !== undefined) return finish(this.#error)
      if (readable.readableEnded || readable.destroyed) return onEnd()
      readable.once('end', onEnd).once('close', onEnd).once('error', onError)
      readable.on('data', onData)
      readable.resume()
    })
  }

  destroy(): void {
    this.#readable.on('error', () => {}).destroy()
  }
}

/** What went wrong at the source is not to be taken for a fault of the target's connection. */
function readError(error: Error): ClientError {
  if (error instanceof ClientError) return error
  const message = `The connection to the source broke off: ${error.message}.`
  return new ClientError('connectionLost', message, { cause: error })
}

function endedEarly(missing: number): ClientError {
  return new ClientError(
    'connectionLost',
    `The source ended ${missing} bytes before the end of what it announced.`,
  )
}
