/**
 * Symbolic links at the root: in a system with a merged `/usr`, `lib/x` and `usr/lib/x` are one file, and layers and
 * package databases write it either way.
 */
export class RootLinks {
  readonly #links = new Map<string, string>()

  add(links: Readonly<Record<string, string>>): void {
    for (const [name, target] of Object.entries(links)) this.#links.set(name, target)
  }

  /** Forgets links that a layer takes away. */
  hide(paths: ReadonlySet<string>): void {
    for (const name of this.#links.keys()) if (paths.has(name)) this.#links.delete(name)
  }

  /** Where a path really lies. */
  resolve(path: string): string {
    const slash = path.indexOf('/')
    if (slash === -1) return path
    const target = this.#links.get(path.slice(0, slash))
    return target === undefined ? path : target + path.slice(slash)
  }
}
