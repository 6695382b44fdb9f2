import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { loadSession } from '../api/session.ts'
import { currentSession, isSignedIn, subscribeToRefusals } from '../api/session-state.ts'

const restMs = 30_000

/**
 * Keeps what is offered in step with what the role may: after a refusal, and when somebody comes back to the page, the session
 * is read anew.
 */
export function useSessionWatch(): void {
  const client = useQueryClient()
  useEffect(() => {
    let isAsking = false
    let askedAt = Date.now()
    const ask = async (wasChange: boolean) => {
      if (isAsking || !isSignedIn()) return
      isAsking = true
      askedAt = Date.now()
      const before = currentSession()?.allowed.join()
      try {
        const after = (await loadSession())?.allowed.join()
        // What a page offers may hang on what the role may in a project or repository, too.
        if (wasChange || after !== before) await client.invalidateQueries()
      } catch {
        // Without an answer everything stays as it is; the server decides anyway.
      } finally {
        isAsking = false
      }
    }
    const onSight = () => {
      if (document.visibilityState === 'visible' && Date.now() - askedAt > restMs) void ask(false)
    }
    const forget = subscribeToRefusals((wasChange) => void ask(wasChange))
    document.addEventListener('visibilitychange', onSight)
    window.addEventListener('focus', onSight)
    return () => {
      forget()
      document.removeEventListener('visibilitychange', onSight)
      window.removeEventListener('focus', onSight)
    }
  }, [client])
}
