/**
 * The program of the child process that reads layers: what a stranger packed is opened here and nowhere else. Layers come
 * through standard input (`frames.ts`), requests and results through the channel to the parent. Arguments: the temporary
 * folder, and the limits as JSON.
 */
import { rmSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { detectors } from '../detectors/detectors.ts'
import type { ScanLimits } from '../limits.ts'
import type { ChildAnswer, ChildRequest } from './child-messages.ts'
import { FrameReader } from './frames.ts'
import { listLayer } from './list-layer.ts'
import { readLayer } from './read-layer.ts'

const [temporaryFolder = '', limitsText = '{}'] = process.argv.slice(2)
const limits = JSON.parse(limitsText) as ScanLimits
const frames = new FrameReader(process.stdin)

/** In a thread, since a detector may keep this one busy for good: without its parent the child ends itself. */
const watch = `
const { workerData: { parent, folder } } = require('node:worker_threads')
setInterval(() => {
  if (process.ppid === parent) return
  try { require('node:fs').rmSync(folder, { recursive: true, force: true }) } catch {}
  process.kill(process.pid, 'SIGKILL')
}, 500)
`
new Worker(watch, {
  eval: true,
  workerData: { parent: process.ppid, folder: temporaryFolder },
}).unref()

process.once('exit', () => rmSync(temporaryFolder, { recursive: true, force: true }))
process.once('disconnect', () => process.exit(0))
// The parent may have ended while the code was loaded.
if (!process.connected) process.exit(0)
/** One after the other: a layer that was given up is passed over before the next begins. */
let turn = Promise.resolve()
process.on('message', (request: ChildRequest) => {
  turn = turn.then(() => answer(request)).then(() => frames.skipRest())
})
void send({ kind: 'ready' })

async function answer({ purpose, mediaType, name }: ChildRequest): Promise<void> {
  try {
    if (purpose === 'files') {
      await listLayer(frames.content(), limits, send)
      return
    }
    const layer = await readLayer(
      { content: frames.content(), mediaType, name },
      { detectors, limits, temporaryFolder },
    )
    await send({ kind: 'layer', layer })
  } catch (error) {
    await send({
      kind: 'failure',
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    })
  }
}

/** Resolves when the channel has taken it. */
function send(answer: ChildAnswer): Promise<void> {
  return new Promise((resolve) => process.send?.(answer, () => resolve()))
}
