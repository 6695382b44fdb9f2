const lengthMax = 2048

/** A path of this console to go on to after signing in; `/` for anything that might lead elsewhere. */
export function ownPath(text: string | undefined): string {
  if (text === undefined || text.length > lengthMax) return '/'
  const isPlain = /^\/[\u0021-\u005b\u005d-\u007e]*$/.test(text)
  if (!isPlain || /%(?:5c|[01][0-9a-f]|7f)/i.test(text) || /^\/(?:\/|%2f|\.)/i.test(text))
    return '/'
  return URL.canParse(text, location.origin) &&
    new URL(text, location.origin).origin === location.origin
    ? text
    : '/'
}
