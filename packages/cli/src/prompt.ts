import { confirm, isCancel, password, select, text } from '@clack/prompts'
import { ClientError } from '@berth/client/client-error.ts'
import type { Output } from './output.ts'

const streams = ({ terminal }: Output) => ({
  input: terminal.stdin as typeof process.stdin,
  output: terminal.stderr as typeof process.stderr,
})

/**
 * Asks for a text, hidden when it is a secret. Throws `inputInvalid` with `otherwise` (how to give it without being
 * asked) when nobody can be asked, `cancelled` when the asking is broken off.
 */
export async function askText(
  output: Output,
  question: { text: string; isSecret: boolean; preset?: string | undefined; otherwise: string },
): Promise<string> {
  requirePerson(output, question)
  const answer = question.isSecret
    ? await password({ message: question.text, ...streams(output) })
    : await text({
        message: question.text,
        ...(question.preset !== undefined && { initialValue: question.preset }),
        ...streams(output),
      })
  return given(answer)
}

/** Asks for one of several. Throws as `askText` does. */
export async function askChoice<Value extends string>(
  output: Output,
  question: {
    text: string
    choices: readonly { value: Value; label: string; hint?: string | undefined }[]
    otherwise: string
  },
): Promise<Value> {
  requirePerson(output, question)
  const options = question.choices.map(({ value, label, hint }) => ({
    value: value as string,
    label,
    ...(hint !== undefined && { hint }),
  }))
  return given(await select({ message: question.text, options, ...streams(output) })) as Value
}

/** Asks whether to go on with something that cannot be undone. Throws as `askText` does. */
export async function askConfirmation(
  output: Output,
  question: { text: string; otherwise: string },
): Promise<boolean> {
  requirePerson(output, question)
  return given(await confirm({ message: question.text, initialValue: false, ...streams(output) }))
}

function requirePerson(output: Output, { text, otherwise }: { text: string; otherwise: string }) {
  if (output.isInteractive) return
  throw new ClientError('inputInvalid', `"${text}" cannot be asked: this is not a terminal.`, {
    next: otherwise,
  })
}

function given<T>(answer: T): Exclude<T, symbol> {
  if (isCancel(answer)) throw new ClientError('cancelled', 'It was stopped. Nothing was done.')
  return answer as Exclude<T, symbol>
}
