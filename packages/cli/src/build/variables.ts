/** What stood where a variable could not be filled in. `at` is the offset in the text. */
type VariableFault = { readonly at: number; readonly message: string }

const reference = /\$(?:\$|\{([^{}]*)\}?)/g
const name = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * Fills in `${NAME}`, `${NAME:-default}` and `${NAME:?message}`; `$$` is a dollar sign and any other `$` stays. As in a
 * shell, the forms with a colon treat an empty variable as one that is not set. What cannot be filled in is left out of
 * the text and told in `faults`.
 */
export function fillIn(
  text: string,
  variables: Readonly<Record<string, string | undefined>>,
): { readonly text: string; readonly faults: readonly VariableFault[] } {
  const faults: VariableFault[] = []
  const filled = text.replace(reference, (whole, inner: string | undefined, at: number) => {
    if (whole === '$$') return '$'
    const refuse = (message: string): string => {
      faults.push({ at, message })
      return ''
    }
    if (inner === undefined || !whole.endsWith('}')) {
      return refuse(`"${whole}" has no closing "}"; write $$ for a dollar sign`)
    }
    const colon = inner.indexOf(':')
    const variable = colon === -1 ? inner : inner.slice(0, colon)
    if (!name.test(variable)) {
      return refuse(`"${whole}" names no variable; write $$ for a dollar sign`)
    }
    const value = Object.hasOwn(variables, variable) ? variables[variable] : undefined
    const form = colon === -1 ? '' : inner.slice(colon, colon + 2)
    const rest = colon === -1 ? '' : inner.slice(colon + 2)
    if (form === '') {
      return value ?? refuse(`the variable ${variable} is not set`)
    }
    if (form === ':-') return value === undefined || value === '' ? rest : value
    if (form === ':?') {
      if (value !== undefined && value !== '') return value
      return refuse(`the variable ${variable} is not set${rest === '' ? '' : `: ${rest}`}`)
    }
    return refuse(
      `"${whole}" has a form that is not known; allowed are \${NAME}, \${NAME:-default} and \${NAME:?message}`,
    )
  })
  return { text: filled, faults }
}
