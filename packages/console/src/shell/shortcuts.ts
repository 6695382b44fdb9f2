import { useEffect } from 'react'

const singleKeysName = 'berth-single-keys'

/** Whether shortcuts of one key are on; they can be switched off (WCAG 2.1.4). */
export function areSingleKeysOn(): boolean {
  return localStorage.getItem(singleKeysName) !== 'off'
}

export function switchSingleKeys(isOn: boolean): void {
  if (isOn) localStorage.removeItem(singleKeysName)
  else localStorage.setItem(singleKeysName, 'off')
}

/** The keys that count on every page, unless a dialog is open or, for single keys, something is being typed. */
export function useShortcuts({
  onSearch,
  onHelp,
}: {
  onSearch: () => void
  onHelp: () => void
}): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.altKey) return
      if (document.querySelector('[role="dialog"][aria-modal="true"]')) return
      const isSearch = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k'
      if (isSearch) {
        event.preventDefault()
        onSearch()
        return
      }
      const isPlain = !event.ctrlKey && !event.metaKey && !isTypedInto(event.target)
      if (!isPlain || !areSingleKeysOn()) return
      if (event.key !== '/' && event.key !== '?') return
      event.preventDefault()
      if (event.key === '/') onSearch()
      else onHelp()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [onSearch, onHelp])
}

function isTypedInto(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches('input, textarea, select'))
  )
}
