import { ClientError } from '@berth/client/client-error.ts'
import type { Credentials } from '@berth/client/credentials/credentials.ts'
import type { KindContext, RegistryKind, SignInMethod } from '@berth/client/kinds/kind.ts'
import { formatDuration } from '../format.ts'
import type { Output } from '../output.ts'
import { printable } from '../printable.ts'
import { askChoice } from '../prompt.ts'
import { collectAnswers, type GivenAnswers } from './answers.ts'

export type SignIn = {
  readonly credentials: Credentials
  /** The name of the method that was used. */
  readonly method: string
  /** Where whoever gave the secret has told it. */
  readonly expiresAt: Date | undefined
  /** The surroundings give them again at any time: nothing has to be stored. */
  readonly isAmbient: boolean
}

export type SignInRequest = {
  readonly kind: RegistryKind
  readonly context: KindContext & { readonly origin: string }
  /** As given to `--method`. */
  readonly method: string | undefined
  readonly given: GivenAnswers
}

type Way = Pick<SignInMethod, 'name' | 'title'> & {
  readonly questions: SignInMethod['questions'] | undefined
  run(): Promise<SignIn>
}

/** Chooses a way of signing in, asks what it needs, and signs in. Throws `unauthenticated` when that is refused. */
export async function signIn(output: Output, request: SignInRequest): Promise<SignIn> {
  const way = await chooseWay(output, waysOf(output, request), request)
  return way.run()
}

function waysOf(output: Output, { kind, context, given }: SignInRequest): readonly Way[] {
  const ways: Way[] = kind.methods.map((method) => ({
    name: method.name,
    title: method.title,
    questions: method.questions,
    async run() {
      const answers = await collectAnswers(output, method, given)
      const credentials = await method.signIn(answers, context)
      const isAmbient = method.isAmbient === true
      return { credentials, method: method.name, expiresAt: undefined, isAmbient }
    },
  }))
  if (kind.name === 'berth') ways.push(deviceWay(output, context))
  return ways
}

/** Not one of the kind's own methods: it shows something and waits, instead of asking. */
function deviceWay(output: Output, context: SignInRequest['context']): Way {
  return {
    name: 'device',
    title: 'Code that you enter in a browser',
    questions: undefined,
    async run() {
      const { signInByDevice } = await import('./device-sign-in.ts')
      const signedIn = await signInByDevice(context, ({ address, code, seconds }) => {
        // Without it nothing goes on, so `--quiet` does not hold it back.
        output.terminal.stderr.write(
          `Open ${printable(address)} where you are signed in, and enter ${printable(code)}.\n`,
        )
        const approve = new URL('/api/v1/auth/device/approve', context.origin)
        output.note(
          `Or without a browser: curl -u <name> --json '{"userCode":"${printable(code)}","approve":true}' ${approve.href}`,
        )
        output.note(`Waiting for that; the code is good for ${formatDuration(seconds * 1000)}.`)
      })
      return { ...signedIn, method: 'device', isAmbient: false }
    },
  }
}

async function chooseWay(
  output: Output,
  ways: readonly Way[],
  { method, given, kind }: SignInRequest,
): Promise<Way> {
  const [usual] = ways
  if (usual === undefined) throw new TypeError(`${kind.name} has no way of signing in`)
  if (method !== undefined) {
    const named = ways.find(({ name }) => name === method)
    if (named !== undefined) return named
    throw new ClientError('inputInvalid', `${kind.title} has no method "${method.slice(0, 40)}".`, {
      next: `Use one of: ${ways.map(({ name }) => name).join(', ')}.`,
    })
  }
  // Options that only some of the methods ask for tell which is meant.
  const fitting = ways.filter(({ questions }) => isAskedFor(questions, given))
  const isGiven = given.username !== undefined || given.isFromStdin || given.answers.size > 0
  if (isGiven) return fitting[0] ?? usual
  if (ways.length === 1 || !output.isInteractive) return usual
  const chosen = await askChoice(output, {
    text: `How do you sign in to ${kind.title}?`,
    choices: ways.map(({ name, title }) => ({ value: name, label: title })),
    otherwise: 'Name it with --method.',
  })
  return ways.find(({ name }) => name === chosen) ?? usual
}

function isAskedFor(questions: Way['questions'], given: GivenAnswers): boolean {
  if (questions === undefined) return false
  const has = (id: string): boolean => questions.some((question) => question.id === id)
  return (
    (given.username === undefined || has('username')) &&
    (!given.isFromStdin || questions.some(({ isSecret }) => isSecret)) &&
    [...given.answers.keys()].every(has)
  )
}
