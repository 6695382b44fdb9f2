// Controls, line and paragraph separators, and what turns the direction of text around or is not seen at all.
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** A stranger's text as one line that a terminal and a browser show as it is: at most `max` characters, controls gone. */
export function plainText(text: string, max = 80): string {
  const clean = text.slice(0, max * 4).replace(unsafe, '�').trim()
  const characters = [...clean]
  return characters.length > max ? `${characters.slice(0, max - 1).join('')}…` : clean
}
