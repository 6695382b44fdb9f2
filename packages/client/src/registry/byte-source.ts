import type { Readable, Writable } from 'node:stream'
import { ClientError } from '../client-error.ts'

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
      this.#error = error
    })
  }

  /** Writes the next `length` bytes, minding backpressure. Throws `connectionLost` when the source ends before. */
  writeTo(target: Writable, length: number, onBytes: (bytes: number) => void): Promise<void> {
    const readable = this.#readable
    return new Promise((resolve, reject) => {
      let missing = length
      const finish = (error?: Error): void => {
        readable.off('data', onData).off('end', onEnd).off('error', finish).off('close', onEnd)
        target.off('drain', onDrain).off('error', finish).off('close', onTargetClose)
        readable.pause()
        if (error === undefined) resolve()
        else reject(error)
      }
      const onEnd = (): void => finish(brokenOff(missing))
      const onTargetClose = (): void =>
        finish(new ClientError('connectionLost', 'The connection was cut.'))
      const onDrain = (): void => void readable.resume()
      const onData = (chunk: Buffer): void => {
        let piece = chunk
        if (chunk.length > missing) {
          piece = chunk.subarray(0, missing)
          this.#left = chunk.subarray(missing)
        }
        missing -= piece.length
        const hasRoom = target.write(piece)
        onBytes(piece.length)
        if (missing === 0) finish()
        else if (!hasRoom) readable.pause()
      }
      if (this.#error !== undefined) return finish(this.#error)
      target.on('drain', onDrain).once('error', finish).once('close', onTargetClose)
      readable.once('end', onEnd).once('error', finish).once('close', onEnd)
      const left = this.#left
      this.#left = undefined
      if (left !== undefined) onData(left)
      if (missing === 0) return finish()
      readable.on('data', onData)
      if (!target.writableNeedDrain) readable.resume()
      return undefined
    })
  }

  destroy(): void {
    this.#readable.on('error', () => {}).destroy()
  }
}

function brokenOff(missing: number): ClientError {
  return new ClientError(
    'connectionLost',
    `The source ended ${missing} bytes before the end of what it announced.`,
  )
}
