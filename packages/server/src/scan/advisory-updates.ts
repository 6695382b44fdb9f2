import type { Config } from '../config/schema.ts'
import { BerthError } from '../errors.ts'
import type { Advisories } from './advisories.ts'
import type { SourceOutcome } from './advisory-requests.ts'
import { AdvisoryFailure } from './advisory-worker.ts'

/** Fetches advisories from where they are published, where an operator has switched that on. */
export class AdvisoryUpdates {
  readonly #advisories: Advisories
  readonly #settings: Config['scan']['advisories']['update']
  readonly #outbound: Config['outbound']

  constructor(parts: {
    advisories: Advisories
    settings: Config['scan']['advisories']['update']
    outbound: Config['outbound']
  }) {
    this.#advisories = parts.advisories
    this.#settings = parts.settings
    this.#outbound = parts.outbound
  }

  get isEnabled(): boolean {
    return this.#settings.enabled
  }

  /** Throws `conflict` while it is switched off. */
  check(): void {
    if (this.#settings.enabled) return
    throw new BerthError(
      'conflict',
      'Fetching advisories is switched off here. Set scan.advisories.update.enabled, or import an archive.',
    )
  }

  /**
   * Fetches what has changed, and puts it into force. Throws `unavailable` when nothing could be fetched, `conflict`
   * during an import or while it is switched off; what was in force stays then.
   */
  async run(signal: AbortSignal): Promise<{ sources: readonly SourceOutcome[] }> {
    this.check()
    const { file } = this.#advisories
    const { enabled: _, intervalHours: __, ...settings } = this.#settings
    return this.#advisories.replace(async (worker) => {
      const stop = () => void worker.ask('stopUpdate', null).catch(() => undefined)
      signal.addEventListener('abort', stop, { once: true })
      try {
        const sources = await worker.ask('update', { file, settings, outbound: this.#outbound })
        return { sources: sources.map((one) => ({ ...one, ...messageOf(one, file) })) }
      } catch (error) {
        if (signal.aborted) return { sources: [] }
        if (!(error instanceof AdvisoryFailure)) throw error
        throw new BerthError('unavailable', withoutPath(error.message, file))
      } finally {
        signal.removeEventListener('abort', stop)
      }
    })
  }
}

function messageOf({ message }: SourceOutcome, file: string): { message?: string } {
  return message === undefined ? {} : { message: withoutPath(message, file) }
}

/** Where the server keeps its files is nobody's business. */
function withoutPath(message: string, file: string): string {
  return message.replaceAll(file, 'advisories.db')
}
