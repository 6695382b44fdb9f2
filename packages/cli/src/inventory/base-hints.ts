import { plainText } from './plain-text.ts'
import type { InventoryImage } from './images.ts'

/** What an image says about what it was built on, shown as it is. */
export type BaseHints = {
  /** The annotation or label `org.opencontainers.image.base.name`, and its digest. */
  readonly baseName: string | undefined
  readonly baseDigest: string | undefined
  /** A name from labels that are taken over from the base: `ubi9 9.4`. */
  readonly label: string | undefined
  /** The language and its version, without the patch: `python 3.12`. */
  readonly runtime: string | undefined
  /** The system: `debian bookworm`, `alpine 3.20`. */
  readonly system: string | undefined
}

/** Environment variables that official images of languages set to their version. */
const runtimes: readonly (readonly [variable: string, name: string])[] = [
  ['PYTHON_VERSION', 'python'],
  ['NODE_VERSION', 'node'],
  ['GOLANG_VERSION', 'golang'],
  ['JAVA_VERSION', 'java'],
  ['RUBY_VERSION', 'ruby'],
  ['PHP_VERSION', 'php'],
  ['RUST_VERSION', 'rust'],
  ['DOTNET_VERSION', 'dotnet'],
  ['ASPNET_VERSION', 'aspnet'],
  ['NGINX_VERSION', 'nginx'],
  // Last, for they come on top of a language.
  ['PYTORCH_VERSION', 'pytorch'],
  ['CUDA_VERSION', 'cuda'],
  ['ROCM_VERSION', 'rocm'],
]

/** How the lowest step of common systems looks. */
const systems: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/debian\.sh\b[^]*'([a-z]{3,20})'/, 'debian'],
  [/alpine-minirootfs-(\d+\.\d+)/, 'alpine'],
  [/org\.opencontainers\.image\.ref\.name=ubuntu/, 'ubuntu'],
  [/ubuntu-([a-z]{4,12}|[\d.]{4,8})-/, 'ubuntu'],
  [/busybox/i, 'busybox'],
]

const nameKey = 'org.opencontainers.image.base.name'
const digestKey = 'org.opencontainers.image.base.digest'

/** Reads the hints of one image; nothing is taken for true that only its own repository could say. */
export function readBaseHints({
  facts,
  image,
}: Pick<InventoryImage, 'facts' | 'image'>): BaseHints {
  const { labels } = image
  return {
    baseName: shown(facts.annotations[nameKey] ?? labels[nameKey]),
    baseDigest: shown(facts.annotations[digestKey] ?? labels[digestKey]),
    label: labelName(labels),
    runtime: runtimeOf(image.environment),
    system: systemOf(image.steps),
  }
}

function labelName(labels: Readonly<Record<string, string>>): string | undefined {
  const oci = 'org.opencontainers.image'
  const name = labels[`${oci}.ref.name`] ?? labels.name
  const version =
    labels[`${oci}.ref.name`] === undefined ? labels.version : labels[`${oci}.version`]
  if (name === undefined || name === '') return undefined
  return shown(version === undefined ? name : `${name} ${version}`)
}

function runtimeOf(environment: readonly string[]): string | undefined {
  const values = new Map(
    environment.map((each) => {
      const at = each.indexOf('=')
      return [each.slice(0, at), each.slice(at + 1)] as const
    }),
  )
  for (const [variable, name] of runtimes) {
    const version = /^[a-z-]*v?(\d{1,6}(?:\.\d{1,6})?)/.exec(values.get(variable) ?? '')?.[1]
    if (version !== undefined) return `${name} ${version}`
  }
  return undefined
}

function systemOf(steps: readonly string[]): string | undefined {
  // The system is what the first steps lay down; later ones may name anything.
  for (const step of steps.slice(0, 6)) {
    for (const [pattern, name] of systems) {
      const found = pattern.exec(step)
      if (found !== null) return [name, ...(found[1] === undefined ? [] : [found[1]])].join(' ')
    }
  }
  return undefined
}

function shown(text: string | undefined): string | undefined {
  const clean = plainText(text ?? '', 100)
  return clean === '' ? undefined : clean
}
