import { createWriteStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { finished } from 'node:stream/promises'
import { ArchiveTarget } from '@berth/client/archive/archive-target.ts'
import { Spool } from '@berth/client/archive/spool.ts'
import { temporaryName } from '@berth/client/layout/partial-files.ts'
import { localFault } from '@berth/client/layout/local-fault.ts'
import type { TagName } from '@berth/oci/reference.ts'
import type { OpenedTarget } from './opened.ts'
import type { Terminal } from './terminal.ts'

export type ArchiveOutput = {
  readonly format: 'docker' | 'oci'
  /** An absolute path, or `-` for standard output. */
  readonly file: string
  /** For messages: `docker-archive:api.tar`. */
  readonly name: string
  readonly tags: readonly TagName[]
  readonly nameOf: (tag: TagName) => string | undefined
}

/** Opens an archive to be written. A file gets its name when it is whole; until then, what was there before stays. */
export async function openArchiveOutput(
  { format, file, name, tags, nameOf }: ArchiveOutput,
  terminal: Terminal,
): Promise<OpenedTarget> {
  const spool = new Spool()
  if (file === '-') {
    const target = new ArchiveTarget(terminal.stdout, { format, name, nameOf, spool })
    return {
      target,
      tags,
      async finish() {
        try {
          await target.finish()
        } finally {
          await spool.close()
        }
      },
      abort: () => spool.close(),
    }
  }
  const partial = temporaryName(file)
  const stream = createWriteStream(partial, { flags: 'wx', highWaterMark: 4 * 1024 * 1024 })
  const target = new ArchiveTarget(stream, {
    format,
    name,
    nameOf,
    spool,
    explain: (error, bytesNeeded) => localFault(error, file, bytesNeeded),
  })
  const abort = async (): Promise<void> => {
    stream.destroy()
    await spool.close()
    await rm(partial, { force: true })
  }
  return {
    target,
    tags,
    async finish() {
      try {
        await target.finish()
        stream.end()
        await finished(stream)
        await sync(partial)
        await rename(partial, file)
        await sync(dirname(file))
        await spool.close()
      } catch (error) {
        await abort()
        throw await localFault(error, file)
      }
    },
    abort,
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
