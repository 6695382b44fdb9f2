import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { lstat, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { ScanLimit } from '../detector.ts'
import type { ScanLimits } from '../limits.ts'
import type { ChildAnswer, ChildRequest } from './child-messages.ts'
import type { LayerDirectory } from './layer-listing.ts'
import { writeFrame } from './frames.ts'

export type LayerRequest = ChildRequest & {
  readonly stream: Readable
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((bytes: number) => void) | undefined
  /** For the list of files: told of directories as they come. */
  readonly onDirectories?: ((directories: readonly LayerDirectory[]) => void) | undefined
}

/** How a request ends. */
export type LayerAnswer = Exclude<
  ChildAnswer,
  { readonly kind: 'ready' | 'directories' | 'failure' }
>

/** The child process that reads layers ended, and it is not known why. The message says what it said last. */
export class ScanFailed extends Error {
  override readonly name = 'ScanFailed'
}

const mebibyte = 1024 ** 2
const memoryLookMs = 100
const keptOutput = 8192

const folderPrefix = 'berth-layer-'
const staleMs = 24 * 60 * 60_000

/** Removes what is left of children that were killed together with their parent. */
export async function removeStaleFolders(temporaryFolder: string): Promise<void> {
  for (const name of await readdir(temporaryFolder)) {
    if (!name.startsWith(folderPrefix)) continue
    const folder = join(temporaryFolder, name)
    const made = await lstat(folder).then(
      ({ mtimeMs }) => mtimeMs,
      () => Date.now(),
    )
    if (made < Date.now() - staleMs) await rm(folder, { recursive: true, force: true })
  }
}

/** One child process, which reads one layer at a time. */
export class ScanChild {
  readonly #process: ChildProcess
  readonly #limits: ScanLimits
  readonly #ended: Promise<void>
  #said = ''
  #fault: Error | undefined

  private constructor(child: ChildProcess, folder: string, limits: ScanLimits) {
    this.#process = child
    this.#limits = limits
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-keptOutput)
    })
    child.stdin?.on('error', () => {})
    this.#ended = new Promise<void>((resolve) => {
      child.once('close', () => resolve())
      child.once('error', (error) => {
        this.#fault ??= new ScanFailed(`The scanner's process: ${error.message}`)
        resolve()
      })
    }).then(() => rm(folder, { recursive: true, force: true }))
  }

  static async start(limits: ScanLimits, temporaryFolder: string): Promise<ScanChild> {
    const folder = await mkdtemp(join(temporaryFolder, folderPrefix))
    const child = spawn(
      process.execPath,
      [
        // Files are written in its own folder only, and where Node knows how, there is no network.
        '--permission',
        '--allow-fs-read=*',
        `--allow-fs-write=${folder}`,
        '--allow-worker',
        '--no-warnings',
        `--max-old-space-size=${Math.max(32, Math.floor(limits.memoryMiB / 2))}`,
        childProgram(),
        folder,
        JSON.stringify(limits),
      ],
      { stdio: ['pipe', 'ignore', 'pipe', 'ipc'], env: {}, cwd: folder },
    )
    return new ScanChild(child, folder, limits)
  }

  get isAlive(): boolean {
    return (
      this.#fault === undefined &&
      this.#process.exitCode === null &&
      this.#process.signalCode === null
    )
  }

  /**
   * Reads one layer. Whatever goes wrong ends the child: then `isAlive` is false. Throws the source's own error, the
   * signal's reason, `ScanLimit` beyond time or memory, and `ScanFailed` when the child dies of anything else.
   */
  async readLayer({
    stream,
    purpose,
    mediaType,
    name,
    signal,
    onProgress,
    onDirectories,
  }: LayerRequest): Promise<LayerAnswer> {
    this.#hold()
    const fail = (error: unknown) => this.#kill(error)
    const onAbort = () => void fail(signal?.reason)
    const timer = setTimeout(
      () => fail(new ScanLimit(`${name} was not read within ${this.#limits.timeMs} ms`)),
      this.#limits.timeMs,
    )
    const memory = setInterval(() => void this.#checkMemory(name), memoryLookMs)
    let isSent = false
    this.#send(stream, onProgress).then(() => (isSent = true), fail)
    try {
      if (signal?.aborted === true) onAbort()
      else signal?.addEventListener('abort', onAbort)
      this.#process.send({ purpose, mediaType, name } satisfies ChildRequest, (error) => {
        if (error !== null) fail(new ScanFailed(`The scanner's process: ${error.message}`))
      })
      return await this.#answer(name, onDirectories)
    } catch (error) {
      throw fail(error)
    } finally {
      clearTimeout(timer)
      clearInterval(memory)
      signal?.removeEventListener('abort', onAbort)
      stream.destroy()
      // It answered before the end of the layer: what is still in the pipe is not for the next one.
      if (!isSent || !this.isAlive) await this.end()
      this.#letGo()
    }
  }

  /** Ends the process, and waits until it and its files are gone. */
  async end(): Promise<void> {
    this.#hold()
    this.#process.kill('SIGKILL')
    await this.#ended
  }

  /** Sends the source to its end. */
  async #send(stream: Readable, onProgress: LayerRequest['onProgress']): Promise<void> {
    const pipe = this.#process.stdin
    if (pipe === null) return
    let sent = 0
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (chunk.length === 0) continue
      if (!this.isAlive || pipe.destroyed) return
      await writeFrame(pipe, chunk)
      sent += chunk.length
      onProgress?.(sent)
    }
    await writeFrame(pipe, Buffer.alloc(0))
  }

  #answer(name: string, onDirectories: LayerRequest['onDirectories']): Promise<LayerAnswer> {
    return new Promise((resolve, reject) => {
      const stop = () => {
        this.#process.off('message', onMessage)
        this.#process.off('close', onClose)
      }
      const onMessage = (answer: ChildAnswer) => {
        if (answer.kind === 'ready') return
        if (answer.kind === 'directories') {
          onDirectories?.(answer.directories)
          return
        }
        stop()
        if (answer.kind !== 'failure') resolve(answer)
        else reject(new ScanFailed(`${name} could not be read: ${answer.message}`))
      }
      const onClose = () => {
        stop()
        reject(this.#fault ?? this.#causeOfDeath(name))
      }
      this.#process.on('message', onMessage)
      this.#process.on('close', onClose)
      if (!this.isAlive) onClose()
    })
  }

  #causeOfDeath(name: string): Error {
    if (/heap out of memory|Array buffer allocation failed/.test(this.#said))
      return new ScanLimit(
        `${name} needs more than ${this.#limits.memoryMiB} MiB of memory to be read`,
      )
    const how = this.#process.signalCode ?? `exit code ${this.#process.exitCode}`
    const said = this.#said.trim().split('\n').slice(-5).join('\n')
    return new ScanFailed(
      `The process that read ${name} ended (${how}).${said && ` It said: ${said}`}`,
    )
  }

  /** Ends it because of this error, and returns the first one that ended it. */
  #kill(error: unknown): Error {
    this.#fault ??= error instanceof Error ? error : new Error(String(error))
    this.#process.kill('SIGKILL')
    return this.#fault
  }

  /** Buffers lie outside of the heap that Node limits. Where there is no /proc, only the heap is limited. */
  async #checkMemory(name: string): Promise<void> {
    const text = await readFile(`/proc/${this.#process.pid}/statm`, 'utf8').catch(() => undefined)
    if (text === undefined) return
    const bytes = Number(text.split(' ')[1]) * 4096
    if (bytes > this.#limits.memoryMiB * mebibyte)
      this.#kill(
        new ScanLimit(`${name} needs more than ${this.#limits.memoryMiB} MiB of memory to be read`),
      )
  }

  /** An idle child does not keep its parent from ending. */
  #letGo(): void {
    this.#process.unref()
    this.#process.channel?.unref()
    for (const pipe of [this.#process.stdin, this.#process.stderr])
      (pipe as unknown as { unref?: () => void } | null)?.unref?.()
  }

  #hold(): void {
    this.#process.ref()
    this.#process.channel?.ref()
    for (const pipe of [this.#process.stdin, this.#process.stderr])
      (pipe as unknown as { ref?: () => void } | null)?.ref?.()
  }
}

/** Beside this file, in the sources; as plain JavaScript beside the bundle that this file is part of. */
function childProgram(): string {
  const bundled = fileURLToPath(new URL('./layer-child.js', import.meta.url))
  return existsSync(bundled) ? bundled : fileURLToPath(new URL('./layer-child.ts', import.meta.url))
}
