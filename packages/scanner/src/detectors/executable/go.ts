import type { Detected } from '../../detector.ts'
import { packageUrl } from '../../purl.ts'
import type { FilePositions } from '../file-positions.ts'
import { type BuildInfo, readBuildInfo } from './build-info.ts'
import type { Executable } from './program.ts'

/** Sections that only Go's linker writes. */
const goSections = ['.gopclntab', '.note.go.buildid', '__gopclntab']

/**
 * The modules of a Go program and the standard library it was built with; undefined for other programs. Throws
 * `Unreadable`.
 */
export function detectGo(file: FilePositions, program: Executable): Detected | undefined {
  const info = readBuildInfo(file, program)
  if (info !== undefined && info.goVersion !== '') return describe(info)
  if (info === undefined && !program.sections.some(({ name }) => goSections.includes(name))) {
    return undefined
  }
  return { notCovered: 'a Go program without build information: its modules cannot be told' }
}

function describe(info: BuildInfo): Detected {
  const packages: NonNullable<Detected['packages']>[number][] = []
  const reasons: string[] = []
  const standard = standardLibraryVersion(info.goVersion)
  if (standard === undefined) {
    reasons.push(
      `it was built with Go ${JSON.stringify(info.goVersion.slice(0, 60))}, which is no release: the version of the standard library is not known`,
    )
  } else packages.push(goPackage('stdlib', standard))
  const list = readModules(info.modules)
  for (const module of list.modules) packages.push(goPackage(module.path, module.version))
  if (list.unversioned.length > 0) {
    const names = list.unversioned.slice(0, 5).join(', ')
    const more = list.unversioned.length > 5 ? ` and ${list.unversioned.length - 5} more` : ''
    reasons.push(`no version is recorded of ${names}${more}`)
  }
  // Go's own commands belong to the standard library.
  if (!list.hasModules && !list.path.startsWith('cmd/')) {
    reasons.push('it was built without module support: its modules cannot be told')
  }
  return {
    packages,
    notCovered: reasons.length === 0 ? undefined : `In a Go program: ${reasons.join('; ')}`,
  }
}

function goPackage(name: string, version: string): NonNullable<Detected['packages']>[number] {
  return {
    kind: 'golang',
    name,
    version,
    purl: packageUrl({ kind: 'golang', name, version }),
    licenses: [],
  }
}

/**
 * As Go's vulnerability database spells it: `go1.22.1` is `1.22.1`, `go1.20` is `1.20.0`, `go1.22rc1` is `1.22.0-rc.1`.
 * What vendors and experiments append (`X:boringcrypto`, `(Red Hat 1.20.12-8)`) is cut.
 */
function standardLibraryVersion(goVersion: string): string | undefined {
  const matched =
    /^go(?<minor>1\.\d{1,4})(?<patch>\.\d{1,4})?(?:(?<stage>beta|rc)(?<number>\d{1,4}))?(?![\w.])/.exec(
      goVersion,
    )
  const { minor, patch, stage, number } = matched?.groups ?? {}
  if (minor === undefined) return undefined
  return `${minor}${patch ?? '.0'}${stage === undefined ? '' : `-${stage}.${number ?? ''}`}`
}

type Module = { readonly path: string; readonly version: string }

type ModuleList = {
  /** Of the main package: `cmd/go`, `github.com/a/b/cmd/c`. */
  readonly path: string
  readonly hasModules: boolean
  readonly modules: readonly Module[]
  /** Modules that were built from a folder, so that nobody can say which version they are. */
  readonly unversioned: readonly string[]
}

/** Lines `path`, `mod`, `dep` and `=>` (what the line before is replaced by), fields set apart by tabs. */
function readModules(text: string): ModuleList {
  const listed: Module[] = []
  let mainPackage = ''
  for (const line of text.split('\n')) {
    const [kind, path = '', version = ''] = line.split('\t')
    if (kind === 'path') mainPackage = path
    if ((kind === 'mod' || kind === 'dep') && path !== '') listed.push({ path, version })
    if (kind === '=>' && listed.length > 0) {
      const replaced = listed.pop()
      // Replaced by a folder: the name stays, the version says nothing any more.
      const isFolder = version === '' || /^\.{0,2}\//.test(path)
      listed.push(isFolder ? { path: replaced?.path ?? path, version: '' } : { path, version })
    }
  }
  const hasVersion = ({ version }: Module) => version !== '' && version !== '(devel)'
  return {
    path: mainPackage,
    hasModules: listed.length > 0,
    modules: listed.filter(hasVersion),
    unversioned: listed.filter((module) => !hasVersion(module)).map(({ path }) => path),
  }
}
