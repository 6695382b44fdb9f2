import type { Readable } from 'node:stream'
import { BerthError } from '../errors.ts'

/**
 * Feeds a request body to `accept`, chunk by chunk, at the pace at which `accept` takes it. Returns the bytes received.
 * On failure the stream is paused, not destroyed: the client is still owed an answer.
 * Throws what `accept` throws, or `uploadInterrupted` when the client or `signal` ends the body early.
 */
export function receiveBody(
  stream: Readable,
  accept: (chunk: Buffer) => Promise<void> | undefined,
  signal: AbortSignal,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let received = 0
    let waiting: Promise<void> | undefined
    let ended = false

    function finish(error?: Error): void {
      stream.off('data', onData)
      stream.off('end', onEnd)
      stream.off('error', onBroken)
      stream.off('close', onBroken)
      signal.removeEventListener('abort', onAbort)
      if (error === undefined) {
        resolve(received)
        return
      }
      stream.pause()
      // An aborted request emits an error later on; without a listener it would end the process.
      stream.on('error', () => undefined)
      reject(error)
    }
    function onData(chunk: Buffer): void {
      received += chunk.length
      try {
        waiting = accept(chunk)
      } catch (error) {
        finish(asError(error))
        return
      }
      if (!waiting) return
      stream.pause()
      waiting.then(
        () => {
          waiting = undefined
          if (ended) finish()
          else stream.resume()
        },
        (error: unknown) => finish(asError(error)),
      )
    }
    function onEnd(): void {
      ended = true
      if (!waiting) finish()
    }
    function onBroken(): void {
      if (!ended) finish(interrupted('The connection closed before the body was complete.'))
    }
    function onAbort(): void {
      finish(interrupted('Another request took over this upload session.'))
    }

    if (signal.aborted) {
      onAbort()
      return
    }
    if (stream.readableEnded) {
      resolve(0)
      return
    }
    stream.on('data', onData)
    stream.on('end', onEnd)
    stream.on('error', onBroken)
    stream.on('close', onBroken)
    signal.addEventListener('abort', onAbort)
    if (stream.destroyed) onBroken()
  })
}

function interrupted(message: string): BerthError {
  return new BerthError('uploadInterrupted', `${message} What it sent is dropped; send it again.`)
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error('The store failed.', { cause: thrown })
}
