import { ClientError } from '@berth/client/client-error.ts'
import type { Output } from './output.ts'

type Prompts = typeof import('@clack/prompts')
type Streams = {
  readonly input: typeof process.stdin
  readonly output: typeof process.stderr
  readonly signal: AbortSignal
}

/** Asks for as long as there is an input. Ctrl-D, or a terminal that goes away, would leave the question open for ever. */
async function whileInputLasts<T>(
  { terminal }: Output,
  ask: (prompts: Prompts, streams: Streams) => Promise<T | symbol>,
): Promise<Exclude<T, symbol>> {
  // Loaded when somebody is asked: most commands ask nothing.
  const prompts = await import('@clack/prompts')
  const input = terminal.stdin as typeof process.stdin
  const gone = new AbortController()
  const stop = (): void => gone.abort()
  const onKey = (_text: unknown, key: { name?: string; ctrl?: boolean } | undefined): void => {
    if (key?.ctrl === true && key.name === 'd') stop()
  }
  input.on('keypress', onKey).once('end', stop).once('close', stop)
  try {
    const output = terminal.stderr as typeof process.stderr
    const answer = await ask(prompts, { input, output, signal: gone.signal })
    if (prompts.isCancel(answer)) {
      throw new ClientError('cancelled', 'It was stopped. Nothing was done.')
    }
    return answer as Exclude<T, symbol>
  } finally {
    input.off('keypress', onKey).off('end', stop).off('close', stop)
  }
}

/**
 * Asks for a text, hidden when it is a secret. Throws `inputInvalid` with `otherwise` (how to give it without being
 * asked) when nobody can be asked, `cancelled` when the asking is broken off.
 */
export async function askText(
  output: Output,
  question: { text: string; isSecret: boolean; preset?: string | undefined; otherwise: string },
): Promise<string> {
  requirePerson(output, question)
  return whileInputLasts(output, ({ password, text }, streams) =>
    question.isSecret
      ? password({ message: question.text, ...streams })
      : text({
          message: question.text,
          ...(question.preset !== undefined && { initialValue: question.preset }),
          ...streams,
        }),
  )
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
  const answer = await whileInputLasts(output, ({ select }, streams) =>
    select({ message: question.text, options, ...streams }),
  )
  return answer as Value
}

/** Asks whether to go on with something that cannot be undone. Throws as `askText` does. */
export async function askConfirmation(
  output: Output,
  question: { text: string; otherwise: string },
): Promise<boolean> {
  requirePerson(output, question)
  return whileInputLasts(output, ({ confirm }, streams) =>
    confirm({ message: question.text, initialValue: false, ...streams }),
  )
}

function requirePerson(output: Output, { text, otherwise }: { text: string; otherwise: string }) {
  if (output.isInteractive) return
  throw new ClientError('inputInvalid', `"${text}" cannot be asked: this is not a terminal.`, {
    next: otherwise,
  })
}
