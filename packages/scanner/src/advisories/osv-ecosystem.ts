import type { Place } from './ecosystems.ts'

const languages: Readonly<Record<string, string>> = {
  npm: 'npm',
  PyPI: 'pypi',
  Go: 'golang',
  'crates.io': 'cargo',
  Maven: 'maven',
  RubyGems: 'gem',
  Packagist: 'composer',
  NuGet: 'nuget',
}

/** Those whose part after the colon is the release as it is. */
const plain: Readonly<Record<string, string>> = {
  Debian: 'debian',
  Alpine: 'alpine',
  Wolfi: 'wolfi',
  Chainguard: 'chainguard',
  'Rocky Linux': 'rocky',
  AlmaLinux: 'almalinux',
}

/**
 * Where the packages of an OSV `affected[].package.ecosystem` belong
 * (https://ossf.github.io/osv-schema/#affectedpackage-field), such as `Debian:11`, `Ubuntu:22.04:LTS`,
 * `Red Hat:enterprise_linux:9::baseos`, `SUSE:Linux Enterprise Server 15 SP5`, `npm`. `undefined`: Berth matches no such
 * packages, for instance Bitnami's, Android's, or those of Red Hat's extended streams, whose fixes are not those of the
 * release.
 */
export function placeOfOsvEcosystem(text: string): Place | undefined {
  const colon = text.indexOf(':')
  const name = colon === -1 ? text : text.slice(0, colon)
  const suffix = colon === -1 ? '' : text.slice(colon + 1)
  if (Object.hasOwn(languages, name)) return { ecosystem: languages[name] ?? '', release: '' }
  if (Object.hasOwn(plain, name)) return { ecosystem: plain[name] ?? '', release: suffix }
  switch (name) {
    case 'Ubuntu':
      return ubuntu(suffix)
    case 'Red Hat':
      return redHat(suffix)
    case 'SUSE':
      return suse(suffix)
    case 'openSUSE':
      return openSuse(suffix)
    case 'Azure Linux':
      return azure(suffix)
    default:
      return undefined
  }
}

/** `22.04:LTS`, `25.10`, `Pro:18.04:LTS`. FIPS and real-time packages have versions of their own and are left out. */
function ubuntu(suffix: string): Place | undefined {
  const match = /^(Pro:)?(\d+\.\d+)(?::LTS)?$/.exec(suffix)
  if (match === null) return undefined
  return { ecosystem: match[1] === undefined ? 'ubuntu' : 'ubuntu-pro', release: match[2] ?? '' }
}

/** A CPE after its vendor: `enterprise_linux:9::appstream`. */
function redHat(suffix: string): Place | undefined {
  const match = /^enterprise_linux:(\d+)(?:[.:]|$)/.exec(suffix)
  return match === null ? undefined : { ecosystem: 'rhel', release: match[1] ?? '' }
}

/**
 * `Linux Enterprise Server 15 SP5`, `Linux Enterprise Module for Basesystem 15 SP5`, `Linux Enterprise Server 16.0`:
 * modules of a service pack are installed from with it. Long-term and product editions are left out.
 */
function suse(suffix: string): Place | undefined {
  const match =
    /^Linux Enterprise (?:Server|Desktop|Module for [A-Za-z ]+) (\d+)(?: SP(\d+)|\.(\d+))?$/.exec(
      suffix,
    )
  if (match === null) return undefined
  const [, major = '', pack, minor] = match
  const part = pack ?? minor
  return { ecosystem: 'sles', release: part === undefined ? major : `${major}.${part}` }
}

function openSuse(suffix: string): Place | undefined {
  if (suffix === 'Tumbleweed') return { ecosystem: 'opensuse-tumbleweed', release: '' }
  const match = /^Leap (\d+\.\d+)$/.exec(suffix)
  return match === null ? undefined : { ecosystem: 'opensuse-leap', release: match[1] ?? '' }
}

/** os-release says `3.0` where OSV says `3`. */
function azure(suffix: string): Place | undefined {
  const match = /^(\d+)(\.\d+)?$/.exec(suffix)
  if (match === null) return undefined
  return {
    ecosystem: match[1] === '2' ? 'mariner' : 'azurelinux',
    release: `${match[1]}${match[2] ?? '.0'}`,
  }
}
