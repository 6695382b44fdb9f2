import { ScanLimit, Unreadable } from '../detector.ts'
import type { ScanLimits } from '../limits.ts'
import type { ChildAnswer } from './child-messages.ts'
import { decompress } from './decompress.ts'
import { LayerTree } from './layer-tree.ts'
import { TarWalk } from './tar-walk.ts'

/** Characters of one message, so that whoever gets them never stops for long. */
const messageLength = 256 * 1024

/**
 * Lists the files of one layer: sends its directories, then `files`; or `unlisted` when it is broken or goes beyond a
 * limit. Only an error of the source itself is thrown.
 */
export async function listLayer(
  content: AsyncIterable<Buffer>,
  limits: ScanLimits,
  send: (answer: ChildAnswer) => Promise<void>,
): Promise<void> {
  const tree = new LayerTree(limits)
  try {
    const walk = new TarWalk((entry) => tree.take(entry), limits.entries)
    for await (const chunk of decompress(content, limits)) await walk.write(chunk)
    walk.end()
  } catch (error) {
    if (!(error instanceof ScanLimit || error instanceof Unreadable)) throw error
    await send({ kind: 'unlisted', reason: `The layer was not read to its end: ${error.message}.` })
    return
  }
  const totals = tree.finish()
  let directories = []
  let length = 0
  for (const directory of tree.directories()) {
    directories.push(directory)
    for (const chunk of directory.chunks) length += chunk.length
    if (length < messageLength) continue
    await send({ kind: 'directories', directories })
    directories = []
    length = 0
  }
  await send({ kind: 'directories', directories })
  await send({ kind: 'files', totals })
}
