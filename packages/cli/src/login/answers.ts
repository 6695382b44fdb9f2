import { text as readAll } from 'node:stream/consumers'
import { ClientError } from '@berth/client/client-error.ts'
import type { Question, SignInMethod } from '@berth/client/kinds/kind.ts'
import type { Output } from '../output.ts'
import { askText } from '../prompt.ts'

export type GivenAnswers = {
  readonly username: string | undefined
  /** Secrets come from standard input, a line for each that is asked. */
  readonly isFromStdin: boolean
  /** `--answer`: by the question's id. Never secrets. */
  readonly answers: ReadonlyMap<string, string>
}

const stdinMax = 64 * 1024

/**
 * An answer to each question of the method: from the options, from standard input, else from the person at the
 * terminal, who sees nothing of a secret. Throws `inputInvalid` when there is none and nobody can be asked.
 */
export async function collectAnswers(
  output: Output,
  method: SignInMethod,
  given: GivenAnswers,
): Promise<Readonly<Record<string, string>>> {
  refuseUnasked(method, given)
  const secrets = method.questions.filter((question) => question.isSecret)
  const lines = given.isFromStdin ? await readSecrets(output, secrets) : undefined
  const answers: Record<string, string> = {}
  for (const question of method.questions) {
    const answer = question.isSecret
      ? lines?.[secrets.indexOf(question)]
      : (given.answers.get(question.id) ??
        (isName(question) ? given.username : undefined) ??
        (output.isInteractive && lines === undefined ? undefined : question.preset))
    answers[question.id] = answer ?? (await ask(output, question))
  }
  return answers
}

/** Whether `--username` answers it, whatever the kind calls it. */
function isName({ id, isSecret }: Question): boolean {
  return !isSecret && id === 'username'
}

function refuseUnasked(method: SignInMethod, { username, answers, isFromStdin }: GivenAnswers) {
  const { questions } = method
  const unasked = (option: string): ClientError =>
    new ClientError('inputInvalid', `The method ${method.name} does not ask for ${option}.`, {
      next: `It asks for: ${questions.map(({ id }) => id).join(', ') || 'nothing'}.`,
    })
  if (username !== undefined && !questions.some(isName)) throw unasked('--username')
  if (isFromStdin && !questions.some(({ isSecret }) => isSecret)) throw unasked('--password-stdin')
  for (const id of answers.keys()) {
    const question = questions.find((each) => each.id === id)
    if (question === undefined) throw unasked(`--answer ${id}`)
    if (question.isSecret) {
      throw new ClientError(
        'inputInvalid',
        `--answer ${id} would show a secret to everybody on this machine.`,
        { next: 'Give it with --password-stdin.' },
      )
    }
  }
}

async function readSecrets(output: Output, secrets: readonly Question[]): Promise<string[]> {
  const { stdin } = output.terminal
  let size = 0
  stdin.on('data', (chunk: Buffer | string) => {
    size += chunk.length
    if (size > stdinMax) stdin.destroy(new Error('too long'))
  })
  let text: string
  try {
    text = await readAll(stdin)
  } catch (cause) {
    throw new ClientError('inputInvalid', 'What came on standard input is no password.', { cause })
  }
  const [first = '', ...others] = secrets.length === 1 ? [text] : text.split(/\r?\n/)
  const lines = [first.replace(/\r?\n$/, ''), ...others].slice(0, secrets.length)
  if (lines.length === secrets.length && lines.every((line) => line !== '')) return lines
  const wanted = secrets.map(({ text: asked }) => `"${asked}"`).join(', then ')
  throw new ClientError('inputInvalid', 'Standard input is empty, or lacks a line.', {
    next: `Pipe in ${wanted}${secrets.length > 1 ? ', a line each' : ''}.`,
  })
}

async function ask(output: Output, question: Question): Promise<string> {
  if (question.hint !== undefined && output.isInteractive) output.note(question.hint)
  const otherwise = question.isSecret
    ? 'Pipe it in with --password-stdin.'
    : `Give it with ${isName(question) ? '--username' : `--answer ${question.id}=<value>`}.`
  const answer = await askText(output, { ...question, otherwise })
  if (answer !== '') return answer
  throw new ClientError('inputInvalid', `"${question.text}" was not answered.`)
}
