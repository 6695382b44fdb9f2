/**
 * Puts a text on the clipboard; answers whether that was possible. Over plain HTTP browsers have no `navigator.clipboard`, so
 * there a field that nobody sees is filled, selected and copied.
 */
export async function copyText(text: string): Promise<boolean> {
  if (globalThis.isSecureContext) {
    try {
      await navigator.clipboard.writeText(text)
      return true
    } catch {
      // Not allowed here: the old way may be.
    }
  }
  return copyFromField(text)
}

function copyFromField(text: string): boolean {
  const before = document.activeElement
  const field = document.createElement('textarea')
  field.value = text
  field.readOnly = true
  field.setAttribute('aria-hidden', 'true')
  Object.assign(field.style, { position: 'fixed', top: '0', left: '-9999px' })
  // Inside an open dialog, whose trap would take the focus back from anything outside of it.
  const place = before?.closest('[role="dialog"]') ?? document.body
  place.append(field)
  try {
    field.select()
    // Deprecated, and the only way there is without a secure context.
    return document.execCommand('copy')
  } catch {
    return false
  } finally {
    field.remove()
    if (before instanceof HTMLElement) before.focus({ preventScroll: true })
  }
}
