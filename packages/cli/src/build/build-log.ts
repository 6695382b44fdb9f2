import { createWriteStream, type WriteStream } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { finished } from 'node:stream/promises'
import { stripVTControlCharacters } from 'node:util'
import { localFault } from '@berth/client/layout/local-fault.ts'

const bytesMax = 256 * 1024 * 1024
const tailLines = 40

/** What a builder printed for one service: all of it in a file, the last lines at hand. */
export class BuildLog {
  readonly path: string
  readonly #stream: WriteStream
  readonly #tail: string[] = []
  #rest = ''
  #bytes = 0
  #fault: unknown

  private constructor(path: string) {
    this.path = path
    this.#stream = createWriteStream(path, { flags: 'w' })
    // A log that cannot be written does not fail a build.
    this.#stream.on('error', (error) => {
      this.#fault ??= error
    })
  }

  /** Begins `.berth/logs/<service>.log` anew. The folder is kept out of git, whose revision would else be dirty. */
  static async open(folder: string, service: string): Promise<BuildLog> {
    const path = join(folder, '.berth', 'logs', `${service}.log`)
    try {
      await mkdir(dirname(path), { recursive: true })
      await writeFile(join(folder, '.berth', '.gitignore'), '*\n')
    } catch (error) {
      throw await localFault(error, path)
    }
    return new BuildLog(path)
  }

  /** Notes in the file which program is run; this is none of the last lines that people are shown. */
  command(text: string): void {
    this.#store(`$ ${text}\n`)
  }

  write(text: string): void {
    const lines = (this.#rest + text).split(/[\r\n]+/)
    this.#rest = (lines.pop() ?? '').slice(-4096)
    for (const line of lines) if (line.trim() !== '') this.#tail.push(line)
    this.#tail.splice(0, Math.max(0, this.#tail.length - tailLines))
    this.#store(text)
  }

  #store(text: string): void {
    this.#bytes += text.length
    if (this.#bytes <= bytesMax && this.#fault === undefined) this.#stream.write(text)
  }

  /** The last lines, without control characters. */
  tail(count: number): readonly string[] {
    const lines = [...this.#tail, ...(this.#rest.trim() === '' ? [] : [this.#rest])]
    return lines.slice(-count).map((line) =>
      stripVTControlCharacters(line)
        .replace(/[\p{Cc}\p{Cf}]/gu, '')
        .slice(0, 500),
    )
  }

  async close(): Promise<void> {
    this.#stream.end()
    await finished(this.#stream).catch(() => {})
  }
}
