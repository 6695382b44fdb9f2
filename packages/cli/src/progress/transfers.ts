import { stripVTControlCharacters } from 'node:util'
import type { TransferEvent } from '@berth/client/transfer.ts'
import { Rate } from './rate.ts'

export type Transfer = {
  readonly label: string
  readonly total: number | undefined
  readonly startedAt: number
  readonly rate: Rate
  bytes: number
}

/** What one event ended. */
export type Ended = {
  readonly transfer: Transfer
  readonly isDone: boolean
  /** `sent`, `already there`; for a failure its reason. */
  readonly outcome: string
}

/** The transfers that run, and the sums of those that have ended: ten thousand of them take no room. */
export class Transfers {
  readonly running = new Map<string, Transfer>()
  /** How many ended in which way. */
  readonly outcomes = new Map<string, number>()
  /** Bytes of all together, moved or found to be there. */
  readonly rate = new Rate()
  failures = 0
  ended = 0
  #endedBytes = 0
  #moved = 0

  /** Takes in one event; gives what it ended, if it ended something. Events of an unknown transfer count for nothing. */
  note(event: TransferEvent, now: number): Ended | undefined {
    if (event.kind === 'started') {
      const { label, total } = event
      this.running.set(event.id, {
        label: plain(label),
        total,
        startedAt: now,
        rate: new Rate(),
        bytes: this.running.get(event.id)?.bytes ?? 0,
      })
      return undefined
    }
    const transfer = this.running.get(event.id)
    if (transfer === undefined) return undefined
    if (event.kind === 'advanced') {
      this.#moved += Math.max(0, event.bytes - transfer.bytes)
      transfer.bytes = event.bytes
      transfer.rate.note(event.bytes, now)
      this.rate.note(this.#moved, now)
      return undefined
    }
    this.running.delete(event.id)
    const isDone = event.kind === 'finished'
    const outcome = plain(isDone ? event.outcome : event.reason)
    this.ended += 1
    if (isDone) {
      this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1)
      this.#endedBytes += transfer.total ?? transfer.bytes
    } else this.failures += 1
    return { transfer, isDone, outcome }
  }

  /** Bytes that are done, and in all as far as they are known. */
  sums(): { readonly bytes: number; readonly total: number } {
    let [bytes, total] = [this.#endedBytes, this.#endedBytes]
    for (const each of this.running.values()) {
      bytes += each.bytes
      total += each.total ?? each.bytes
    }
    return { bytes, total }
  }

  /** `4 sent, 2 already there, 1 failed`. */
  summary(): string {
    const parts = [...this.outcomes].map(([outcome, count]) => `${count} ${outcome}`)
    if (this.failures > 0) parts.push(`${this.failures} failed`)
    return parts.join(', ')
  }
}

/** Labels hold names that a registry has chosen. */
function plain(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/\p{Cc}/gu, ' ')
}
