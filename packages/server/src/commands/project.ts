import { Argument, Command, Option } from 'commander'
import { commandLine } from '../access/command-line.ts'
import type { Member, Members, NamedSubject } from '../access/members.ts'
import type { Setting } from '../access/project-settings.ts'
import type { DefaultsChange, Project, ProjectChange, Projects } from '../access/projects.ts'
import type { ProjectRole, Visibility } from '../actor.ts'
import { BerthError } from '../errors.ts'
import { formatTable, readPages, runOffline } from './offline.ts'
import type { Terminal } from './read-password.ts'

type Access = { projects: Projects; members: Members; close(): Promise<void> }
type SettingOptions = { visibility?: Visibility | 'inherit'; allow?: string[] }
type QuotaOptions = { quotaBytes?: string; quotaRepositories?: string }

const visibilities: readonly (Visibility | 'inherit')[] = [
  'private',
  'internal',
  'public',
  'inherit',
]
const roles: readonly ProjectRole[] = ['none', 'reader', 'developer', 'maintainer', 'admin']

/**
 * `berth project ...`: manages projects and their members in the database, whether or not a server is running on it; a
 * running server takes every change into account at its next request.
 */
export function projectCommand(open: () => Promise<Access>, terminal: Terminal = process): Command {
  const project = new Command('project').description('manage projects and their members')
  const run = (
    command: Command,
    work: (access: Access) => Promise<{ json: unknown; text: string }>,
  ): Promise<void> => runOffline({ command, terminal, open }, work)
  const subcommand = (parent: Command, name: string, description: string) =>
    parent.command(name).description(description).option('--json', 'print JSON')

  withSettings(subcommand(project, 'create', 'create a project').argument('<name>')).action(
    async (name: string, options: SettingOptions, command: Command) => {
      await run(command, async ({ projects }) => ({
        json: {
          project: await projects.createProject(commandLine, { name, ...readSettings(options) }),
        },
        text: `Project ${name} created.`,
      }))
    },
  )

  subcommand(project, 'list', 'show all projects').action(
    async (_options: object, command: Command) => {
      await run(command, async ({ projects }) => {
        const list = await readPages((page) => projects.listProjects({ ...page, readable: 'all' }))
        return { json: { projects: list }, text: formatProjects(list) }
      })
    },
  )

  subcommand(project, 'show', 'show a project and the settings that hold in it')
    .argument(
      '[name]',
      'without it the instance, whose settings hold where no project says otherwise',
    )
    .action(async (name: string | undefined, _options: object, command: Command) => {
      await run(command, async ({ projects }) => {
        const shown = await (name === undefined
          ? projects.readDefaults()
          : projects.readProject(name))
        return { json: { project: shown }, text: formatProject(shown) }
      })
    })

  withSettings(
    subcommand(project, 'set', 'change the settings of a project')
      .argument('[name]', 'without it the instance')
      .option('--quota-bytes <bytes>', 'of the instance only; "inherit" for none')
      .option('--quota-repositories <number>', 'of the instance only; "inherit" for none'),
  ).action(
    async (name: string | undefined, options: SettingOptions & QuotaOptions, command: Command) => {
      await run(command, async ({ projects }) => {
        const change = { ...readSettings(options), ...readQuotas(options, name) }
        const changed = await (name === undefined
          ? projects.updateDefaults(commandLine, change)
          : projects.updateProject(commandLine, name, change))
        return { json: { project: changed }, text: formatProject(changed) }
      })
    },
  )

  subcommand(project, 'remove', 'remove an empty project with its members, robots and rules')
    .argument('<name>')
    .action(async (name: string, _options: object, command: Command) => {
      await run(command, async ({ projects }) => {
        await projects.deleteProject(commandLine, name)
        return { json: { removed: name }, text: `Project ${name} is removed.` }
      })
    })

  const member = project.command('member').description('manage who has which role in a project')
  const memberCommand = (name: string, description: string) =>
    subcommand(member, name, description).argument('<project>')
  const group = new Option('--group', 'the name is that of a group')

  memberCommand('add', 'give a user or a group a role, or another one')
    .argument('<name>')
    .addArgument(new Argument('<role>').choices(roles))
    .addOption(group)
    .action(
      async (
        projectName: string,
        name: string,
        role: ProjectRole,
        options: { group?: boolean },
        command: Command,
      ) => {
        await run(command, async ({ members }) => {
          const subject = subjectOf(name, options)
          const set = await members.setMember(commandLine, projectName, subject, role)
          return {
            json: set,
            text: `The ${subject.kind} ${name} has the role ${role} in ${projectName} from now on.`,
          }
        })
      },
    )

  memberCommand('remove', 'take a role in this project away; an inherited one then holds again')
    .argument('<name>')
    .addOption(group)
    .action(
      async (projectName: string, name: string, options: { group?: boolean }, command: Command) => {
        await run(command, async ({ members }) => {
          const subject = subjectOf(name, options)
          await members.removeMember(commandLine, projectName, subject)
          return {
            json: { removed: subject },
            text: `The ${subject.kind} ${name} is no member of ${projectName} any more.`,
          }
        })
      },
    )

  memberCommand('list', 'show who has which role, inherited ones too').action(
    async (projectName: string, _options: object, command: Command) => {
      await run(command, async ({ members }) => {
        const list = await readPages((page) =>
          members.listMembers(projectName, { ...page, inherited: true }),
        )
        return { json: { members: list }, text: formatMembers(list) }
      })
    },
  )

  return project
}

function withSettings(command: Command): Command {
  return command
    .addOption(
      new Option('--visibility <visibility>', 'who may pull without being a member').choices(
        visibilities,
      ),
    )
    .option(
      '--allow <range...>',
      'addresses and ranges from which it may be used; "inherit" for those of the project above',
    )
}

function readSettings({ visibility, allow }: SettingOptions): ProjectChange {
  return {
    ...(visibility !== undefined && { visibility: visibility === 'inherit' ? null : visibility }),
    ...(allow !== undefined && {
      allowedAddresses: allow.length === 1 && allow[0] === 'inherit' ? null : allow,
    }),
  }
}

function readQuotas(options: QuotaOptions, project: string | undefined): DefaultsChange {
  const { quotaBytes, quotaRepositories } = options
  if (project !== undefined && (quotaBytes ?? quotaRepositories) !== undefined) {
    throw new BerthError(
      'requestInvalid',
      'Quotas of a project are set with `berth quota`. Here they are those of the instance.',
    )
  }
  const read = (text: string) => (text === 'inherit' ? null : text === '' ? NaN : Number(text))
  return {
    ...(quotaBytes !== undefined && { quotaBytes: read(quotaBytes) }),
    ...(quotaRepositories !== undefined && { quotaRepositories: read(quotaRepositories) }),
  }
}

function subjectOf(name: string, options: { group?: boolean }): NamedSubject {
  return { kind: options.group ? 'group' : 'user', name }
}

function formatProjects(projects: readonly Project[]): string {
  return formatTable([
    ['NAME', 'VISIBILITY', 'CREATED'],
    ...projects.map(({ name, settings, createdAt }) => [
      name,
      settings.visibility.effective,
      createdAt,
    ]),
  ])
}

function formatProject({ name, settings }: Project): string {
  const line = (title: string, setting: Setting<string | number | readonly string[]>) => {
    const { effective } = setting
    const value = typeof effective === 'object' ? effective?.join(' ') : effective
    const from = setting.from === '' ? 'the instance' : setting.from
    return [
      title,
      String(value ?? 'no limit'),
      from === null || from === name ? '' : `from ${from}`,
    ]
  }
  return formatTable([
    ['NAME', name === '' ? '(the instance)' : name, ''],
    line('visibility', settings.visibility),
    line('bytes', settings.quotaBytes),
    line('repositories', settings.quotaRepositories),
    line('addresses', settings.allowedAddresses),
  ])
}

function formatMembers(members: readonly Member[]): string {
  return formatTable([
    ['KIND', 'NAME', 'ROLE', 'PROJECT'],
    ...members.map(({ kind, name, role, project }) => [kind, name, role, project]),
  ])
}
