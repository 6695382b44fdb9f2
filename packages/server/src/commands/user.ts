import { readFile } from 'node:fs/promises'
import { Argument, Command, Option } from 'commander'
import { generatePassword } from '../access/passwords.ts'
import type { User } from '../access/user-record.ts'
import type { Users } from '../access/users.ts'
import type { InstanceRole } from '../actor.ts'
import { BerthError } from '../errors.ts'
import { formatTable, readPages, runOffline } from './offline.ts'
import { promptNewPassword, readPasswordFromStdin, type Terminal } from './read-password.ts'

type Access = { users: Users; close(): Promise<void> }
type Output = { json?: boolean }
type PasswordSource = { passwordStdin?: boolean; generatePassword?: boolean }

const roles: readonly InstanceRole[] = [
  'none',
  'reader',
  'developer',
  'maintainer',
  'auditor',
  'admin',
]

/**
 * `berth user …`: manages the users in the database, whether or not a server is running on it; a running server
 * takes every change into account at its next request. Passwords are never arguments: those show in `ps` and in histories.
 */
export function userCommand(open: () => Promise<Access>, terminal: Terminal = process): Command {
  const user = new Command('user').description('manage the users of this registry')

  const run = (
    command: Command,
    work: (access: Access) => Promise<{ json: unknown; text: string }>,
  ): Promise<void> => runOffline({ command, terminal, open }, work)

  const subcommand = (name: string, description: string) =>
    user.command(name).description(description).option('--json', 'print JSON')

  withPassword(
    subcommand('add', 'create a user')
      .argument('<name>')
      .addOption(
        new Option('--role <role>', 'what the user may do in the whole instance')
          .choices(roles)
          .default('reader'),
      ),
  ).action(
    async (name: string, options: PasswordSource & { role: InstanceRole }, command: Command) => {
      await run(command, async ({ users }) => {
        const { password, shown } = await choosePassword(options, terminal)
        const created = await users.createUser({ name, password, role: options.role })
        return {
          json: { user: created, ...shown },
          text: withShown(`User ${name} created with the role ${created.role}.`, shown),
        }
      })
    },
  )

  subcommand('list', 'show all users').action(async (_options: Output, command: Command) => {
    await run(command, async ({ users }) => {
      const list = await readPages((page) => users.listUsers(page))
      return { json: { users: list }, text: formatUsers(list) }
    })
  })

  subcommand('role', 'change what a user may do')
    .argument('<name>')
    .addArgument(new Argument('<role>').choices(roles))
    .action(async (name: string, role: InstanceRole, _options: Output, command: Command) => {
      await run(command, async ({ users }) => ({
        json: { user: await users.changeRole(name, role) },
        text: `User ${name} has the role ${role} from now on.`,
      }))
    })

  withPassword(
    subcommand('password', 'set a new password, which signs the user out everywhere').argument(
      '<name>',
    ),
  ).action(async (name: string, options: PasswordSource, command: Command) => {
    await run(command, async ({ users }) => {
      const { password, shown } = await choosePassword(options, terminal)
      const changed = await users.changePassword(name, password)
      return {
        json: { user: changed, ...shown },
        text: withShown(`User ${name} has a new password and is signed out everywhere.`, shown),
      }
    })
  })

  subcommand('disable', 'lock a user out, keeping the user')
    .argument('<name>')
    .action(async (name: string, _options: Output, command: Command) => {
      await run(command, async ({ users }) => ({
        json: { user: await users.disableUser(name) },
        text: `User ${name} is disabled and signed out everywhere.`,
      }))
    })

  subcommand('enable', 'let a disabled user in again')
    .argument('<name>')
    .action(async (name: string, _options: Output, command: Command) => {
      await run(command, async ({ users }) => ({
        json: { user: await users.enableUser(name) },
        text: `User ${name} may log in again.`,
      }))
    })

  subcommand('remove', 'remove a user for good')
    .argument('<name>')
    .action(async (name: string, _options: Output, command: Command) => {
      await run(command, async ({ users }) => {
        await users.deleteUser(name)
        return { json: { removed: name }, text: `User ${name} is removed.` }
      })
    })

  subcommand('import', 'create users from an htpasswd file with bcrypt hashes, all or none')
    .argument('<file>')
    .addOption(new Option('--role <role>', 'what they may do').choices(roles).default('reader'))
    .action(async (file: string, options: { role: InstanceRole }, command: Command) => {
      await run(command, async ({ users }) => {
        const imported = await users.importHtpasswd(await readText(file), options.role)
        return {
          json: { users: imported },
          text: `${imported.length} users imported with the role ${options.role}.`,
        }
      })
    })

  subcommand('sign-out', 'end all sessions of a user and the logins that clients have stored')
    .argument('<name>')
    .action(async (name: string, _options: Output, command: Command) => {
      await run(command, async ({ users }) => {
        const ended = await users.signOut(name)
        return { json: { name, ended }, text: `User ${name}: ${ended} logins ended.` }
      })
    })

  return user
}

function withPassword(command: Command): Command {
  return command
    .addOption(
      new Option('--password-stdin', 'read the password from standard input').conflicts(
        'generatePassword',
      ),
    )
    .option('--generate-password', 'make a random password and show it once')
}

/** `shown` holds the password when it was made here: nobody else knows it. */
async function choosePassword(
  source: PasswordSource,
  terminal: Terminal,
): Promise<{ password: string; shown: { password?: string } }> {
  if (source.generatePassword) {
    const password = generatePassword()
    return { password, shown: { password } }
  }
  if (source.passwordStdin) return { password: await readPasswordFromStdin(terminal), shown: {} }
  if (terminal.stdin.isTTY) return { password: await promptNewPassword(terminal), shown: {} }
  throw new BerthError(
    'requestInvalid',
    'There is no terminal to ask for the password. Use --password-stdin or --generate-password.',
  )
}

function withShown(text: string, shown: { password?: string }): string {
  return shown.password === undefined
    ? text
    : `${text}\nPassword (shown only now): ${shown.password}`
}

function formatUsers(users: readonly User[]): string {
  return formatTable([
    ['NAME', 'ROLE', 'STATE', 'SOURCE', 'CREATED'],
    ...users.map(({ name, role, disabledAt, source, createdAt }) => [
      name,
      role,
      disabledAt === undefined ? 'enabled' : 'disabled',
      source,
      createdAt,
    ]),
  ])
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new BerthError('requestInvalid', `The file ${file} cannot be read.`, { cause })
  }
}
