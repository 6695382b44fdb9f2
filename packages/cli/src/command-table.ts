import type { Command } from 'commander'
import type { CommandContext } from './context.ts'

export type CommandEntry = {
  readonly group: 'Images' | 'Registries' | 'Projects of yours' | 'This machine'
  /** One line for `berth --help`; the command's own description is the same line. */
  readonly summary: string
  /** Loaded only when it is called: a start must not read what it does not need. */
  load(): Promise<(context: CommandContext) => Command>
}

/** Every command that is a client, in the order of the help. Options of all of them are in `program.ts`. */
export const commandTable: Readonly<Record<string, CommandEntry>> = {
  build: {
    group: 'Images',
    summary: 'build the images of berth.yaml and push them',
    load: async () => (await import('./commands/build.ts')).buildCommand,
  },
  copy: {
    group: 'Images',
    summary: 'copy an image between registries, layouts, archives and engines',
    load: async () => (await import('./commands/copy.ts')).copyCommand,
  },
  pull: {
    group: 'Images',
    summary: 'bring images from a registry into an engine, a folder or a file',
    load: async () => (await import('./commands/pull.ts')).pullCommand,
  },
  push: {
    group: 'Images',
    summary: 'push an image of this machine to a registry',
    load: async () => (await import('./commands/push.ts')).pushCommand,
  },
  sync: {
    group: 'Images',
    summary: 'bring repositories of one registry into another, the plan first',
    load: async () => (await import('./commands/sync.ts')).syncCommand,
  },
  scan: {
    group: 'Images',
    summary: 'find what is known to be wrong with the packages in an image',
    load: async () => (await import('./commands/scan.ts')).scanCommand,
  },
  sbom: {
    group: 'Images',
    summary: 'write down what is in an image, or how two images differ',
    load: async () => (await import('./commands/sbom.ts')).sbomCommand,
  },
  sign: {
    group: 'Images',
    summary: 'sign images, so that others can tell that they are yours',
    load: async () => (await import('./commands/sign.ts')).signCommand,
  },
  attest: {
    group: 'Images',
    summary: 'state something about an image, signed: provenance, SBOM, scan, VEX',
    load: async () => (await import('./commands/attest.ts')).attestCommand,
  },
  verify: {
    group: 'Images',
    summary: 'verify an image: every byte against its digest, and who signed it',
    load: async () => (await import('./commands/verify.ts')).verifyCommand,
  },
  advisories: {
    group: 'This machine',
    summary: 'bring in, hand on and look at the advisories that findings come from',
    load: async () => (await import('./commands/advisories.ts')).advisoriesCommand,
  },
  policy: {
    group: 'Registries',
    summary: 'show, try and set what may be pulled from a project of a Berth',
    load: async () => (await import('./commands/policy.ts')).policyCommand,
  },
  why: {
    group: 'Registries',
    summary: 'tell why an image may be pulled, or why not, and what would mend it',
    load: async () => (await import('./commands/why.ts')).whyCommand,
  },
  ci: {
    group: 'Projects of yours',
    summary: 'make pipelines for GitHub and GitLab from berth.yaml',
    load: async () => (await import('./commands/ci.ts')).ciCommand,
  },
  completion: {
    group: 'This machine',
    summary: 'print what makes a shell complete berth',
    load: async () => (await import('./commands/completion.ts')).completionCommand,
  },
  delete: {
    group: 'Registries',
    summary: 'delete images with all their tags, and what only they need',
    load: async () => (await import('./commands/delete.ts')).deleteCommand,
  },
  doctor: {
    group: 'This machine',
    summary: 'find out what is wrong here, and what mends it',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand,
  },
  inventory: {
    group: 'Registries',
    summary: 'see what a registry holds, what is shared, and what could be saved',
    load: async () => (await import('./commands/inventory.ts')).inventoryCommand,
  },
  inspect: {
    group: 'Images',
    summary: 'show what is in an image: platforms, layers, config, signatures',
    load: async () => (await import('./commands/inspect.ts')).inspectCommand,
  },
  lock: {
    group: 'Projects of yours',
    summary: 'pin every image that the files name to its digest, and check that it stays so',
    load: async () => (await import('./commands/lock.ts')).lockCommand,
  },
  login: {
    group: 'Registries',
    summary: 'log in to a registry and try what the login may do',
    load: async () => (await import('./commands/login.ts')).loginCommand,
  },
  logout: {
    group: 'Registries',
    summary: 'remove a login wherever it is stored',
    load: async () => (await import('./commands/logout.ts')).logoutCommand,
  },
  manifest: {
    group: 'Images',
    summary: 'put images for several platforms under one name',
    load: async () => (await import('./commands/manifest.ts')).manifestCommand,
  },
  prune: {
    group: 'Registries',
    summary: 'delete old images by rules, with what belongs to them',
    load: async () => (await import('./commands/prune.ts')).pruneCommand,
  },
  repositories: {
    group: 'Registries',
    summary: 'list the repositories of a registry',
    load: async () => (await import('./commands/repositories.ts')).repositoriesCommand,
  },
  tags: {
    group: 'Images',
    summary: 'list, set and remove tags, or work out those of a build',
    load: async () => (await import('./commands/tags.ts')).tagsCommand,
  },
  whoami: {
    group: 'Registries',
    summary: 'show your logins, and whether they are accepted now',
    load: async () => (await import('./commands/whoami.ts')).whoamiCommand,
  },
}

/** The commands of `@berth/server/program.ts`, which come with the server's own options. */
export const serverCommands: Readonly<Record<string, string>> = {
  serve: 'run the registry',
  user: 'manage users',
  project: 'manage projects and their members',
  audit: 'read and check the audit log',
  gc: 'remove what nothing refers to any more',
  fsck: 're-read everything stored and compare it with its digest',
  config: 'check and show the settings',
}
