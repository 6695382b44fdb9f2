import { printable } from '../printable.ts'

/** A stranger's text as one line that a terminal and a browser show as it is, cut to `max` characters. */
export function plainText(text: string, max = 80): string {
  const characters = Array.from(printable(text.slice(0, max * 2).trim()))
  return characters.length > max ? `${characters.slice(0, max - 1).join('')}…` : characters.join('')
}
