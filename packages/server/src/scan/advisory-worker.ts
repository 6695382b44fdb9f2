import { Worker } from 'node:worker_threads'
import type { AdvisoryAnswer, AdvisoryRequests, AdvisoryTask } from './advisory-requests.ts'

/** Why advisories could not be used, in words for people; `name` is that of the error of the scanner. */
export class AdvisoryFailure extends Error {
  constructor(failure: { name: string; message: string }) {
    super(failure.message)
    this.name = failure.name
  }
}

type Waiting = { resolve: (value: unknown) => void; reject: (error: Error) => void }

/** Beside this file, under the name that it has when it is bundled. */
const threadFile = new URL(
  import.meta.url.endsWith('.ts') ? './advisory-thread.ts' : './advisory-thread.js',
  import.meta.url,
)

/** A thread that has advisories open. It does not keep the process alive. */
export class AdvisoryWorker {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  readonly #exited: Promise<void>
  #lastId = 0
  #isGone = false

  constructor() {
    this.#worker = new Worker(threadFile, { resourceLimits: { maxOldGenerationSizeMb: 1024 } })
    this.#worker.unref()
    this.#worker.on('message', (message: AdvisoryAnswer) => this.#settle(message))
    this.#worker.once('error', (error: Error) => this.#fail(error))
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#fail(new Error('The thread that reads advisories has ended.'))
        resolve()
      })
    })
  }

  /** It died, out of memory for example; nothing can be asked any more. */
  get isGone(): boolean {
    return this.#isGone
  }

  /** Throws `AdvisoryFailure` for what the scanner refuses, or what ended the thread. */
  ask<Task extends AdvisoryTask>(
    task: Task,
    ask: AdvisoryRequests[Task]['ask'],
  ): Promise<AdvisoryRequests[Task]['answer']> {
    if (this.#isGone) {
      return Promise.reject(new Error('The thread that reads advisories has ended.'))
    }
    this.#lastId += 1
    const id = this.#lastId
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as Waiting['resolve'], reject })
      this.#worker.ref()
      this.#worker.postMessage({ id, task, ask })
    })
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
    await this.#exited
  }

  #settle(message: AdvisoryAnswer): void {
    const waiting = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if (this.#waiting.size === 0) this.#worker.unref()
    if ('failure' in message) waiting?.reject(new AdvisoryFailure(message.failure))
    else waiting?.resolve(message.answer)
  }

  #fail(error: Error): void {
    this.#isGone = true
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
