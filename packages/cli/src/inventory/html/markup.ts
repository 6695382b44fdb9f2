declare const brand: unique symbol

/** HTML in which every stranger's text is escaped. Made only by `html` and `joinMarkup`. */
export type Markup = { readonly text: string; readonly [brand]: 'Markup' }

type Value = Markup | string | number | readonly Markup[]

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
}

/** A template whose values are escaped, but for those that are markup already. It is safe in text and in quoted attributes. */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return markup(
    strings.map((piece, at) => `${piece}${at < values.length ? write(values[at]) : ''}`).join(''),
  )
}

export function joinMarkup(parts: readonly Markup[], between = ''): Markup {
  return markup(parts.map(({ text }) => text).join(between))
}

function write(value: Value | undefined): string {
  if (typeof value === 'string') return value.replace(/[&<>"'`]/g, (each) => escapes[each] ?? '')
  if (typeof value === 'number') return String(value)
  if (value === undefined) return ''
  return 'text' in value ? value.text : value.map(({ text }) => text).join('')
}

function markup(text: string): Markup {
  return { text } as Markup
}
