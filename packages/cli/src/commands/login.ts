import { ClientError } from '@berth/client/client-error.ts'
import type { KindName } from '@berth/client/kinds/kind.ts'
import { Command, Option } from 'commander'
import type { CommandContext } from '../context.ts'
import type { Permission } from '../login/access-proof.ts'
import type { Login, LoginRequest } from '../login/login.ts'
import { formatLoginTarget, type LoginTarget, parseLoginTarget } from '../login/login-target.ts'
import type { Result } from '../output.ts'
import type { GlobalOptions } from '../global-options.ts'

type Options = GlobalOptions & {
  readonly repository?: string
  readonly method?: string
  readonly username?: string
  readonly passwordStdin?: boolean
  readonly answer?: readonly string[]
  readonly require?: 'pull' | 'push'
  readonly docker?: boolean
  readonly podman?: boolean
  readonly password?: string | true
}

/** What `berth login --json` prints. */
export type LoginJson = {
  readonly registry: string
  readonly repository: string | null
  readonly kind: KindName
  readonly method: string
  readonly username: string | null
  /** When the login runs out; null when nothing tells. */
  readonly expiresAt: string | null
  readonly storedIn: { readonly kind: string; readonly name: string }
  /** What was tried on the repository; null when none was named. */
  readonly pull: PermissionJson | null
  readonly push: PermissionJson | null
}

export type PermissionJson = {
  readonly allowed: boolean
  readonly reason: string | null
  readonly next: string | null
}

export function loginCommand(context: CommandContext): Command {
  return new Command('login')
    .description('log in to a registry and try what the login may do')
    .argument('[registry]', 'its address, with a repository to try it on: ghcr.io/acme/api')
    .option('--repository <name>', 'the repository to try pull and push on')
    .option('--method <name>', 'how to sign in; which there are depends on the kind of registry')
    .option('-u, --username <name>', 'user name')
    .option('--password-stdin', 'read the password, token or key from standard input')
    .option(
      '--answer <question=value>',
      'answer to another question of the method, no secret; may be repeated',
      (value: string, before: readonly string[] | undefined) => [...(before ?? []), value],
    )
    .addOption(
      new Option('--require <right>', 'fail, and store nothing, without this right').choices([
        'pull',
        'push',
      ]),
    )
    .addOption(
      new Option(
        '--docker',
        'store it where docker does, for every client (the default)',
      ).conflicts('podman'),
    )
    .option('--podman', "store it in podman's file")
    .addOption(new Option('-p, --password [password]').hideHelp())
    .addHelpText(
      'after',
      `
Without a registry it is Docker Hub. The login is stored in docker's
configuration, or in the helper that it names, where docker, podman, skopeo,
crane and oras find it too.

Examples:
  berth login registry.example.com
  berth login ghcr.io/acme/api --username octocat --password-stdin < token
  berth login registry.example.com --method device`,
    )
    .action(async (address: string | undefined, options: Options, command: Command) => {
      refusePassword(options)
      const target = parseLoginTarget(address, options.repository)
      const { openClientParts } = await import('../client.ts')
      const { logIn } = await import('../login/login.ts')
      const parts = openClientParts(command.optsWithGlobals<GlobalOptions>(), context.output)
      const login = await logIn(context.output, parts, requestOf(target, options), context.signal)
      context.output.result(resultOf(target, login))
      for (const permission of [login.proof.pull, login.proof.push]) {
        // The document has it already.
        if (permission?.fault === undefined || context.output.isJson) continue
        const { message, next } = permission.fault
        context.output.warn(next === undefined ? message : `${message} ${next}`)
      }
    })
}

/** Its value is not repeated: the command line has shown it to enough people. */
function refusePassword({ password }: Options): void {
  if (password === undefined) return
  throw new ClientError(
    'inputInvalid',
    'There is no --password: everybody on this machine can read command lines, and shells keep them.',
    { next: 'Pipe it in with --password-stdin, or leave it away to be asked.' },
  )
}

function requestOf(target: LoginTarget, options: Options): LoginRequest {
  return {
    target,
    method: options.method,
    given: {
      username: options.username,
      isFromStdin: options.passwordStdin === true,
      answers: new Map(options.answer?.map(parseAnswer)),
    },
    required: options.require,
    storeIn: options.podman === true ? 'podman' : 'docker',
  }
}

function parseAnswer(text: string): readonly [string, string] {
  const equals = text.indexOf('=')
  if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)]
  throw new ClientError('inputInvalid', 'An --answer has no "=" in it.', {
    next: 'Write it as --answer question=value.',
  })
}

function resultOf(target: LoginTarget, login: Login): Result {
  const { kind, method, username, expiresAt, proof, place, title } = login
  const json: LoginJson = {
    registry: target.registry,
    repository: target.repository ?? null,
    kind,
    method,
    username: username ?? null,
    expiresAt: expiresAt?.toISOString() ?? null,
    storedIn: place,
    pull: permissionJson(proof.pull),
    push: permissionJson(proof.push),
  }
  const who = username === undefined ? 'with a token' : `as ${username}`
  const lines = [
    `Logged in to ${target.registry} (${title}) ${who}.`,
    place.kind === 'ambient'
      ? 'Nothing is stored: the surroundings give these credentials whenever they are needed.'
      : `Stored in ${place.name}.`,
    ...(expiresAt === undefined ? [] : [`Good until ${expiresAt.toISOString()}.`]),
    proof.pull === undefined
      ? `Not tried on a repository; "berth login ${target.registry}/<repository>" does that.`
      : `${formatLoginTarget(target)}: pull ${word(proof.pull)}, push ${word(proof.push)}`,
  ]
  return { json, text: lines.join('\n') }
}

function permissionJson(permission: Permission | undefined): PermissionJson | null {
  if (permission === undefined) return null
  const { isAllowed, fault } = permission
  return { allowed: isAllowed, reason: fault?.message ?? null, next: fault?.next ?? null }
}

function word(permission: Permission | undefined): string {
  return permission?.isAllowed === true ? 'yes' : 'no'
}
