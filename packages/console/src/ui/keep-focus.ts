let lastOnPage: HTMLElement | undefined

document.addEventListener('focusin', ({ target }) => {
  if (target instanceof HTMLElement && !target.closest('[role=dialog], [role=menu]')) {
    lastOnPage = target
  }
})

/**
 * When a dialog closes, the focus goes back to what opened it. That may be gone, as the item of a menu is: one goes on where one
 * was on the page before; and as a row that was deleted: at the heading of the page.
 */
export function keepFocus(): void {
  setTimeout(() => {
    if (document.activeElement !== document.body) return
    const opener = lastOnPage?.isConnected === true ? lastOnPage : undefined
    const heading = document.querySelector<HTMLElement>('main h1')
    for (const each of [opener, heading]) {
      each?.focus({ preventScroll: true })
      if (document.activeElement === each) return
    }
  }, 50)
}
