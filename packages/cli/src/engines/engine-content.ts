import { Writable } from 'node:stream'
import { ArchiveTarget } from '@berth/client/archive/archive-target.ts'
import { openDockerArchive } from '@berth/client/archive/open-archive.ts'
import { Spool } from '@berth/client/archive/spool.ts'
import { ClientError } from '@berth/client/client-error.ts'
import { formatRepositoryAddress, parseImageReference } from '@berth/client/image-reference.ts'
import type { TransferListener } from '@berth/client/transfer.ts'
import { parseTagName, type TagName } from '@berth/oci/reference.ts'
import type { OpenedSource, OpenedTarget } from '../opened.ts'
import type { Engine, Loading } from './engine.ts'

/** An image of an engine, saved to this machine's disk for as long as it is open. Throws `notFound`, `toolFailed`. */
export async function openEngineSource(
  engine: Engine,
  image: string,
  { signal, onTransfer }: { signal: AbortSignal; onTransfer?: TransferListener | undefined },
): Promise<OpenedSource> {
  const saving = engine.save(image, signal)
  const opening = openDockerArchive({
    file: '-',
    stdin: saving.stdout,
    name: `${engine.name}:${image}`,
    signal,
    onTransfer,
  })
  // When the engine fails, the archive is short, and what the engine says is the reason.
  const [opened, saved] = await Promise.allSettled([opening, saving.done])
  if (saved.status === 'rejected') {
    if (opened.status === 'fulfilled') await opened.value.close()
    throw saved.reason
  }
  if (opened.status === 'rejected') throw opened.reason
  const { source, find, close } = opened.value
  try {
    return { source, reference: await find(undefined), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Writes an image into an engine, under the whole name that is given. Other tags become names of the same repository. */
export function openEngineTarget(engine: Engine, image: string, signal: AbortSignal): OpenedTarget {
  const reference = parseImageReference(image)
  const repository = formatRepositoryAddress(reference)
  const tags: readonly TagName[] =
    reference.tag === undefined && reference.digest !== undefined
      ? []
      : [reference.tag ?? parseTagName('latest')]
  const loading = engine.load(signal)
  const spool = new Spool()
  const sink = sinkOf(loading)
  const target = new ArchiveTarget(sink, {
    format: 'docker',
    name: engine.name,
    nameOf: (tag) => `${repository}:${tag}`,
    spool,
  })
  return {
    target,
    tags,
    async finish() {
      try {
        await target.finish()
        sink.end()
        await loading.done
      } catch (error) {
        loading.abort()
        throw error
      } finally {
        await spool.close()
      }
    },
    async abort() {
      loading.abort()
      sink.destroy()
      await loading.done.catch(() => {})
      await spool.close()
    },
  }
}

/** The engine's standard input. When the engine gives up, the fault is what it said, not that its input is closed. */
function sinkOf({ stdin, done }: Loading): Writable {
  const sink = new Writable({
    highWaterMark: 1024 * 1024,
    write(piece: Buffer, _encoding, written) {
      stdin.write(piece, (error) => {
        if (error === null || error === undefined) written()
        else void giveReason(error, written)
      })
    },
    final(ended) {
      stdin.end(ended)
    },
  })
  async function giveReason(error: Error, written: (error: Error) => void): Promise<void> {
    let reason = new ClientError('toolFailed', `It stopped reading: ${error.message}.`)
    try {
      await done
    } catch (said) {
      reason = said as ClientError
    }
    written(reason)
  }
  // Who writes is told by the write that failed.
  sink.on('error', () => {})
  return sink
}
