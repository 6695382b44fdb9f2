import { defaultAddresses } from '@berth/scanner/advisories/update-addresses.ts'
import { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import type { FileFlags, Mirrors } from '../scan/run-advisories.ts'

const examples: Readonly<Record<string, string>> = {
  status: 'status --registry registry.example.com',
  import: 'import Debian.zip kev.json',
  export: 'export advisories.tar.zst',
  update: 'update Debian npm',
  push: 'push registry.example.com/security/advisories:latest',
  pull: 'pull registry.example.com/security/advisories:latest',
}

/** `berth advisories`: the data that findings come from, with and without a network. */
export function advisoriesCommand(context: CommandContext): Command {
  const command = new Command('advisories').description(
    'bring in, hand on and look at the advisories that findings come from',
  )
  const sub = (name: string, description: string) =>
    command
      .command(name)
      .description(description)
      .option('--advisories <file>', 'the database (or BERTH_ADVISORIES)')
  sub('status', 'show what is there, how old it is, and from whom')
    .option('--registry <host>', 'of that Berth instead of this machine')
    .action(async (flags: FileFlags & { registry?: string }) =>
      (await import('../scan/run-advisories.ts')).status(context, flags),
    )
  sub('import', 'bring in archives of Berth, OSV exports, grype databases, EPSS and KEV')
    .argument('<path...>', 'a file or folder: its kind is told by its content')
    .action(async (paths: string[], flags: FileFlags) =>
      (await import('../scan/run-advisories.ts')).bringIn(context, paths, flags),
    )
  sub('export', 'write all of it into one archive, for a machine without a network')
    .argument('<file>', 'such as advisories.tar.zst')
    .action(async (file: string, flags: FileFlags) =>
      (await import('../scan/run-advisories.ts')).handOut(context, file, flags),
    )
  sub('update', 'fetch what has changed from where it is published')
    .argument(
      '[ecosystem...]',
      'as OSV spells it: Debian, npm, PyPI, Go; Debian and Alpine when none is named',
    )
    .option('--osv <url>', 'a mirror of the OSV exports', defaultAddresses.osv)
    .option('--epss <url>', 'a mirror of the EPSS scores', defaultAddresses.epss)
    .option('--kev <url>', 'a mirror of the KEV list', defaultAddresses.kev)
    .option('--grype [url]', "all that Grype's database holds, instead; or a mirror of it")
    .action(async (ecosystems: string[], flags: FileFlags & Mirrors) =>
      (await import('../scan/run-advisories.ts')).update(context, ecosystems, flags),
    )
  sub('push', 'put all of it into a registry, as an artifact')
    .argument('<image>', 'registry/repository:tag')
    .action(async (image: string, flags: FileFlags) =>
      (await import('../scan/run-advisories.ts')).push(context, image, flags),
    )
  sub('pull', 'bring it in from a registry')
    .argument('<image>', 'registry/repository:tag')
    .action(async (image: string, flags: FileFlags) =>
      (await import('../scan/run-advisories.ts')).pull(context, image, flags),
    )
  for (const each of command.commands) {
    each.addHelpText('after', `\nExamples:\n  berth advisories ${examples[each.name()]}`)
  }
  return command.addHelpText(
    'after',
    `
Each import replaces what the same source brought before and leaves the others.
What is wrong is refused whole: what was in force stays.

Examples:
  berth advisories import Debian.zip npm/all.zip epss_scores-current.csv.gz
  berth advisories update --grype
  berth advisories export advisories.tar.zst
  berth advisories push registry.example.com/security/advisories:latest
  berth advisories status`,
  )
}
