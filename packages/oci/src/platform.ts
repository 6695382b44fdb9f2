import type { Platform } from './descriptor.ts'
import { OciError, quote } from './oci-error.ts'

/** What an image is made for, with its names in the usual spelling: `{ os: 'linux', architecture: 'arm64', variant: 'v8' }`. */
export type TargetPlatform = {
  readonly os: string
  readonly architecture: string
  readonly variant: string | undefined
}

const part = /^[a-z0-9][a-z0-9._-]{0,31}$/
const operatingSystems: Readonly<Record<string, string>> = { macos: 'darwin' }
const architectures: Readonly<Record<string, readonly [string, string?]>> = {
  x86_64: ['amd64'],
  'x86-64': ['amd64'],
  i386: ['386'],
  i686: ['386'],
  aarch64: ['arm64'],
  armhf: ['arm', 'v7'],
  armel: ['arm', 'v6'],
}

/**
 * Reads `os/architecture[/variant]` as docker's `--platform` takes it; a lone architecture means Linux. Other names of
 * the same thing (`x86_64`, `aarch64`) become the usual ones. Throws `manifestInvalid` when it has another shape.
 */
export function parsePlatform(text: string): TargetPlatform {
  const parts = text.toLowerCase().split('/')
  if (parts.length > 3 || !parts.every((each) => part.test(each))) {
    throw new OciError(
      'manifestInvalid',
      `${quote(text)} is not a platform: write it as linux/amd64 or linux/arm64/v8.`,
    )
  }
  const [first = '', second, third] = parts
  if (second === undefined) return normal('linux', first, undefined)
  return normal(first, second, third)
}

/** `linux/arm64`, with the variant where it tells something. */
export function formatPlatform(platform: Platform | TargetPlatform): string {
  const { os, architecture, variant } = normal(
    platform.os ?? 'unknown',
    platform.architecture ?? 'unknown',
    platform.variant,
  )
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/')
}

/** Whether an entry of an index is for this platform. Without a wanted variant any will do. */
export function matchesPlatform(entry: Platform | undefined, wanted: TargetPlatform): boolean {
  if (entry?.os === undefined || entry.architecture === undefined) return false
  const there = normal(entry.os, entry.architecture, entry.variant)
  const asked = normal(wanted.os, wanted.architecture, wanted.variant)
  return (
    there.os === asked.os &&
    there.architecture === asked.architecture &&
    (asked.variant === undefined || there.variant === asked.variant)
  )
}

/** Whether an entry of an index runs anywhere: BuildKit writes its attestations with an unknown platform. */
export function isRunnable(entry: Platform | undefined): boolean {
  return entry?.architecture !== 'unknown'
}

/** arm64 is always v8, and amd64 v1 is what every amd64 is: such variants say nothing and are left out. */
function normal(os: string, architecture: string, variant: string | undefined): TargetPlatform {
  const [name, implied] = architectures[architecture] ?? [architecture]
  const given = variant === undefined || variant === '' ? implied : variant
  const isPlain = (name === 'arm64' && given === 'v8') || (name === 'amd64' && given === 'v1')
  return {
    os: operatingSystems[os] ?? os,
    architecture: name,
    variant: isPlain ? undefined : given,
  }
}
