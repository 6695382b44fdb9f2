import { lazyRouteComponent } from '@tanstack/react-router'
import type { ComponentType } from 'react'
import { isServerAway, untilServerAnswers } from '../api/connection.ts'
import { loadSession } from '../api/session.ts'
import { firstSession } from './first-session.ts'

type Module = {
  readonly default: ComponentType
  /** Asks for what the page reads first, when it is known who sits there: the answers come while the page is made. */
  readonly ask?: () => void
}

/**
 * A page whose code is loaded when it is opened. While the server is away that is waited for; the router alone would load the
 * whole page anew, and lose it to the browser's own page of errors.
 */
export function lazyPage(load: () => Promise<Module>) {
  return lazyRouteComponent(() => whenServerAnswers(load))
}

async function whenServerAnswers(load: () => Promise<Module>): Promise<Module> {
  for (let isAgain = false; ; isAgain = true) {
    try {
      const page = await load()
      void firstSession().then(() => page.ask?.())
      return page
    } catch (error) {
      // Is it the server, or is there another build on it?
      await loadSession().catch(() => undefined)
      if (isServerAway()) await untilServerAnswers()
      else if (isAgain) throw error
    }
  }
}
