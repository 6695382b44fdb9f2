import { ClientError } from '../client-error.ts'
import type { Credentials } from '../credentials/credentials.ts'
import type { KindContext, Question, SignInMethod } from './kind.ts'
import { checkSignIn } from './sign-in-check.ts'

export type PasswordMethodOptions = {
  /** Default `password`. */
  readonly name?: string | undefined
  readonly title: string
  readonly username?: Partial<Question> | undefined
  readonly password?: Partial<Question> | undefined
  /** What to do when they are not accepted, as a whole sentence. */
  readonly wrong?: string | undefined
}

/** A user name with a password, or with a token in its place, which are tried before they count as right. */
export function passwordMethod(options: PasswordMethodOptions): SignInMethod {
  return {
    name: options.name ?? 'password',
    title: options.title,
    questions: [
      { text: 'User name', isSecret: false, ...options.username, id: 'username' },
      { text: 'Password', isSecret: true, ...options.password, id: 'password' },
    ],
    async signIn(answers, context): Promise<Credentials> {
      const credentials: Credentials = {
        kind: 'password',
        username: answerTo('username', answers, context),
        password: answerTo('password', answers, context),
      }
      await checkSignIn(credentials, context, options.wrong)
      return credentials
    },
  }
}

/** The answer to a question. Throws `inputInvalid` when it is missing or empty. */
export function answerTo(
  id: string,
  answers: Readonly<Record<string, string>>,
  { registry }: KindContext,
): string {
  const answer = answers[id]
  if (answer !== undefined && answer !== '') return answer
  throw new ClientError('inputInvalid', `The login to ${registry} lacks an answer: ${id}.`)
}
