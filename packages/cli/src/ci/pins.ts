/**
 * The actions that generated workflows use. A tag of an action can be moved by whoever owns it, a commit cannot, so each
 * is named by its commit; the tag stands beside it for people and for programs that propose updates. Each pair was
 * found alike in several independent public workflows.
 */
export const actions = {
  checkout: {
    name: 'actions/checkout',
    commit: 'de0fac2e4500dabe0009e67214ff5f5447ce83dd',
    version: 'v6.0.2',
  },
  setupNode: {
    name: 'actions/setup-node',
    commit: '6044e13b5dc448c55e2357c09f80417699197238',
    version: 'v6.2.0',
  },
  setupQemu: {
    name: 'docker/setup-qemu-action',
    commit: 'c7c53464625b32c7a7e944ae62b3e17d2b600130',
    version: 'v3.7.0',
  },
  setupBuildx: {
    name: 'docker/setup-buildx-action',
    commit: '8d2750c68a42422c14e847fe6c8ac0403b4cbd6f',
    version: 'v3.12.0',
  },
} as const

/** Images that generated pipelines run, by tag; digests come from the lock file or from the registry, never from here. */
export const images = {
  node: 'docker.io/library/node:24-alpine',
  dockerDaemon: 'docker.io/library/docker:28-dind',
  emulators: 'docker.io/tonistiigi/binfmt:latest',
} as const

export type ImageName = keyof typeof images

/** `actions/checkout@<commit>`; `withVersions` adds the tags as comments. */
export function uses(action: keyof typeof actions): string {
  const { name, commit } = actions[action]
  return `${name}@${commit}`
}

/** Puts the tag of each action behind it, as a comment. */
export function withVersions(yaml: string): string {
  const versions = new Map(
    Object.keys(actions).map((key) => versionOf(key as keyof typeof actions)),
  )
  return yaml.replaceAll(/^(\s*(?:- )?uses: )(\S+)$/gm, (line, head: string, used: string) => {
    const version = versions.get(used)
    return version === undefined ? line : `${head}${used} # ${version}`
  })
}

function versionOf(key: keyof typeof actions): [string, string] {
  return [uses(key), actions[key].version]
}
