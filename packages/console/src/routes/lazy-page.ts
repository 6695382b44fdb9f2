import { lazyRouteComponent } from '@tanstack/react-router'
import type { ComponentType } from 'react'
import { isServerAway, untilServerAnswers } from '../api/connection.ts'
import { loadSession } from '../api/session.ts'
import { firstSession } from './first-session.ts'

type Module = {
  readonly default: ComponentType
  /** Asks for what the page reads first, when it is known who sits there. Resolves when all of it was answered. */
  readonly ask?: () => Promise<unknown>
}

/** So long a page waits for its first answers; then it shows where they will stand. */
const restMs = 120

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
      const asked = firstSession().then(() => page.ask?.())
      // A page that is made with what it shows is there sooner than one that is made twice.
      if (page.ask)
        await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, restMs))])
      return page
    } catch (error) {
      // Is it the server, or is there another build on it?
      await loadSession().catch(() => undefined)
      if (isServerAway()) await untilServerAnswers()
      else if (isAgain) throw error
    }
  }
}
