/** HTML that is safe to put into a page as it is. Made only by the functions here. */
export type Markup = { readonly text: string }

type Part = string | Markup | false | readonly Part[]

/** A template whose values are escaped, unless they are markup themselves; `false` is left away. */
export function html(strings: TemplateStringsArray, ...values: readonly Part[]): Markup {
  let text = ''
  for (const [index, piece] of strings.entries()) {
    text += piece + textOf(values[index] ?? '')
  }
  return { text }
}

/** Text of this program itself, never of a stranger. */
export function raw(text: string): Markup {
  return { text }
}

export function code(text: string): Markup {
  return html`<code>${text}</code>`
}

/** A sentence in which what stands between backticks is code. */
export function markdown(text: string): Markup {
  const parts = text.split('`').map((part, index) => (index % 2 === 1 ? code(part) : html`${part}`))
  return { text: parts.map((part) => part.text).join('') }
}

function textOf(part: Part): string {
  if (part === false) return ''
  if (typeof part === 'string') return escaped(part)
  if ('text' in part) return part.text
  return part.map(textOf).join('\n')
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character)
}
