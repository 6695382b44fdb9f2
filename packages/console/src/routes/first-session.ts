import { loadSession } from '../api/session.ts'

let first: Promise<unknown> | undefined

/** Who sits there, asked once: from then on the requests themselves find out when the session is over. */
export function firstSession(): Promise<unknown> {
  // The server away is no reason to show nothing: the page says so, and tries again.
  first ??= loadSession().catch(() => undefined)
  return first
}
