const attribute = 'data-mantine-color-scheme'
let onScreen: string | null = null

/** Paper is white: whatever the colours on the screen are, light ones are printed. */
export function printLight(): void {
  window.addEventListener('beforeprint', begin)
  window.addEventListener('afterprint', end)
  // Some browsers tell only this.
  matchMedia('print').addEventListener('change', ({ matches }) => (matches ? begin() : end()))
}

function begin(): void {
  onScreen ??= document.documentElement.getAttribute(attribute)
  document.documentElement.setAttribute(attribute, 'light')
}

function end(): void {
  if (onScreen !== null) document.documentElement.setAttribute(attribute, onScreen)
  onScreen = null
}
