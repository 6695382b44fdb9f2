import { posix } from 'node:path'
import { catalogueVersion, type LayerCatalogue, type LayerFile } from '../catalogue.ts'
import { type Detector, ScanLimit } from '../detector.ts'
import type { ScanLimits } from '../limits.ts'
import type { NotCovered } from '../package.ts'
import { cleanPath } from './layer-path.ts'
import { OwnedFilter } from './owned-filter.ts'
import { runDetectors } from './run-detectors.ts'
import { Spool } from './spool.ts'
import type { BodySink, TarEntry } from './tar-walk.ts'

type Options = {
  readonly name: string
  readonly detectors: readonly Detector[]
  readonly limits: ScanLimits
  readonly temporaryFolder: string
}

/** Of all paths together in one layer's catalogue. */
const pathBytesLimit = 64 * 1024 ** 2
const notCoveredLimit = 10_000
const whiteout = '.wh.'
const opaque = '.wh..wh..opq'

/** Gathers what the entries of one layer tell, entry by entry. */
export class LayerFacts {
  readonly #options: Options
  readonly #ownedFilter: OwnedFilter
  readonly #files = new Map<string, readonly LayerFile[]>()
  readonly #replaced = new Set<string>()
  readonly #opaque = new Set<string>()
  readonly #links = new Map<string, string>()
  readonly #notCovered: NotCovered[] = []
  #spool: Spool | undefined
  #packages = 0
  #pathBytes = 0
  #oddNames = 0

  constructor(options: Options) {
    this.#options = options
    this.#ownedFilter = new OwnedFilter(options.detectors)
  }

  /** Takes one entry of the tar; the sink takes its body when somebody wants it. */
  take(entry: TarEntry): BodySink | undefined {
    const path = cleanPath(entry.name)
    if (path === undefined || path.length > this.#options.limits.pathLength) {
      this.#oddNames += 1
      return undefined
    }
    if (entry.type === 'directory' || path === '') return undefined
    const base = path.slice(path.lastIndexOf('/') + 1)
    if (base.startsWith(whiteout)) this.#takeWhiteout(path, base)
    else if (entry.type === 'symlink') this.#takeSymlink(path, entry.link)
    else return this.#takeFile(path, entry)
    return undefined
  }

  notCovered(path: string, reason: string): void {
    if (this.#notCovered.length < notCoveredLimit) this.#notCovered.push({ path, reason })
    else if (this.#notCovered.length === notCoveredLimit)
      this.#notCovered.push({
        path: this.#options.name,
        reason: 'More is not covered than is listed.',
      })
  }

  /** Removes what lies in the temporary folder when the reading stopped inside a file. */
  async dispose(): Promise<void> {
    await this.#spool?.remove()
    this.#spool = undefined
  }

  catalogue(read: { readonly diffId: string; readonly size: number }): LayerCatalogue {
    if (this.#oddNames > 0) {
      const { name, limits } = this.#options
      this.notCovered(
        name,
        `${this.#oddNames} files were passed over: their names hold a NUL or are longer than ${limits.pathLength}.`,
      )
    }
    return {
      version: catalogueVersion,
      ...read,
      files: [...this.#files.values()].flat(),
      whiteouts: [...this.#replaced],
      opaqueDirectories: [...this.#opaque],
      links: Object.fromEntries(this.#links),
      notCovered: this.#notCovered,
    }
  }

  #takeWhiteout(path: string, base: string): void {
    const folder = path.slice(0, -base.length - 1)
    if (base === opaque) {
      this.#count(folder)
      this.#opaque.add(folder)
    }
    // Others that begin so are aufs's own records.
    else if (!base.startsWith('.wh..wh.') && base.length > whiteout.length) {
      const hidden = base.slice(whiteout.length)
      this.#replace(folder === '' ? hidden : `${folder}/${hidden}`)
    }
  }

  /** A link carries no content, but it takes the place of a lower file or folder. */
  #takeSymlink(path: string, target: string): void {
    this.#files.delete(path)
    this.#replace(path)
    const leads = path.includes('/') ? undefined : cleanPath(target)
    if (leads !== undefined && leads !== '' && leads.length <= this.#options.limits.pathLength)
      this.#links.set(path, leads)
  }

  #takeFile(path: string, entry: TarEntry): BodySink | undefined {
    const { detectors, temporaryFolder } = this.#options
    const file = { path, size: entry.size, isExecutable: (entry.mode & 0o111) !== 0 }
    this.#files.delete(path)
    const wanting = detectors.filter((detector) => detector.wants(file))
    if (wanting.length === 0) return undefined
    // Whatever it turns out to hold, lower layers' facts at this path are gone.
    this.#replace(path)
    if (entry.type === 'hardlink') this.#takeHardLink(path, entry.link, wanting)
    if (entry.type !== 'file') return undefined
    if (entry.isSparse) {
      this.notCovered(path, 'The file is stored as a sparse one, which is not read.')
      return undefined
    }
    const spool = new Spool(file, temporaryFolder, (head) => this.#keeps(file, head, wanting))
    this.#spool = spool
    return {
      write: (part) => spool.write(part),
      end: async () => {
        if (!spool.isDropped) {
          const facts = await runDetectors(await spool.finish(), wanting)
          this.#add(path, facts.files)
          for (const { path: place, reason } of facts.notCovered) this.notCovered(place, reason)
        }
        await spool.remove()
        if (this.#spool === spool) this.#spool = undefined
      },
    }
  }

  #keeps(
    { path, size }: { readonly path: string; readonly size: number },
    head: Buffer,
    wanting: readonly Detector[],
  ): boolean {
    if (!wanting.some((detector) => detector.wantsHead?.(head) ?? true)) return false
    const { fileBytes } = this.#options.limits
    if (size <= fileBytes) return true
    this.notCovered(path, `The file has ${size} bytes; at most ${fileBytes} are read.`)
    return false
  }

  /** Its target stands before it in the same archive, or in a lower layer. */
  #takeHardLink(path: string, link: string, wanting: readonly Detector[]): void {
    const target = cleanPath(link)
    const known = target === undefined ? undefined : this.#files.get(target)
    if (known !== undefined) {
      const names = new Set(wanting.map(({ name }) => name))
      this.#add(
        path,
        known.filter(({ detector }) => names.has(detector)).map((facts) => moved(facts, path)),
      )
    } else if (target === undefined || !this.#replaced.has(target))
      this.notCovered(
        path,
        `The file is a hard link to ${posix.join('/', link)}, which was not kept.`,
      )
  }

  #add(path: string, found: readonly LayerFile[]): void {
    if (found.length === 0) return
    for (const { packages } of found) this.#packages += packages.length
    if (this.#packages > this.#options.limits.packages)
      throw new ScanLimit(`more than ${this.#options.limits.packages} packages`)
    this.#files.set(
      path,
      found.map((facts) => {
        if (facts.owned === undefined) return facts
        const owned = facts.owned.filter((name) => this.#ownedFilter.mayMatter(name))
        for (const name of owned) this.#count(name)
        return { ...facts, owned }
      }),
    )
  }

  #replace(path: string): void {
    if (this.#replaced.has(path)) return
    this.#count(path)
    this.#replaced.add(path)
  }

  #count(path: string): void {
    this.#pathBytes += path.length
    if (this.#pathBytes > pathBytesLimit)
      throw new ScanLimit(`its paths together have more than ${pathBytesLimit} characters`)
  }
}

function moved(facts: LayerFile, path: string): LayerFile {
  return {
    ...facts,
    path,
    packages: facts.packages.map((found) => ({
      ...found,
      path: found.path.startsWith(facts.path) ? path + found.path.slice(facts.path.length) : path,
    })),
  }
}
