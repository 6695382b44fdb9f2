import { BerthError } from '../errors.ts'

const lengthMax = 2048
const here = 'https://berth.invalid'

/**
 * A path of Berth itself to go back to after a sign-in, in plain form; `/` without one. Whatever a browser, or a proxy
 * that decodes, might take for another site is refused: `//evil`, `/\evil`, `/%5cevil`, `/.//evil`, `https:evil`.
 * Throws `requestInvalid`.
 */
export function checkReturnPath(text: string | undefined): string {
  if (text === undefined) return '/'
  const isPlain =
    text.length <= lengthMax &&
    /^\/[\u0021-\u005b\u005d-\u007e]*$/.test(text) &&
    !/%(?:5c|[01][0-9a-f]|7f)/i.test(text)
  if (isPlain && URL.canParse(text, here)) {
    const url = new URL(text, here)
    if (url.origin === here && !/^\/(?:\/|%2f)/i.test(url.pathname)) {
      return `${url.pathname}${url.search}${url.hash}`
    }
  }
  throw new BerthError(
    'requestInvalid',
    'returnTo must be a path of Berth itself: it begins with one "/" and has no backslash, space or control character.',
    { details: [{ field: 'returnTo', rule: 'relativePath' }] },
  )
}
