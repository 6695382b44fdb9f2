import type { CataloguedPackage, Distribution } from './package.ts'

/** A file of a layer or a directory, open to be read. */
export type ScannedFile = {
  /** Without a leading slash, normalised. */
  readonly path: string
  readonly size: number
  readonly isExecutable: boolean
  /** The first bytes, up to 4,096. */
  readonly head: Uint8Array
  /**
   * The whole file. Throws `ScanLimit` when it is larger than `maxBytes`. May be called more than once.
   */
  readonly read: (maxBytes: number) => Promise<Buffer>
  /**
   * The whole file on disk, for what has to be read here and there (rpm databases, executables, archives): a temporary
   * copy for a layer. Throws `ScanLimit` when it is larger than `maxBytes`. It is removed after the detector has returned.
   */
  readonly onDisk: (maxBytes: number) => Promise<string>
}

/** What a detector learned from one file. */
export type Detected = {
  readonly packages?: readonly Omit<CataloguedPackage, 'layer' | 'path'>[] | undefined
  /** Instead of `packages` where they lie deeper, as in a jar inside a jar: each with its own path. */
  readonly placed?: readonly Omit<CataloguedPackage, 'layer'>[] | undefined
  readonly distribution?: Partial<Distribution> | undefined
  /** Files that these packages own, without a leading slash. */
  readonly owned?: readonly string[] | undefined
  /** Licences of a package whose database does not tell them (dpkg's copyright files), by package name. */
  readonly licenses?: { readonly package: string; readonly licenses: readonly string[] } | undefined
  /** Why something inside could not be read; becomes part of `notCovered`. */
  readonly notCovered?: string | undefined
}

/**
 * Reads one format. Pure but for reading the file. Throws `ScanLimit` beyond a limit and `Unreadable` for what is broken;
 * any other error counts as a fault of the detector: the file is reported as not covered and the scan goes on.
 */
export interface Detector {
  /** `dpkg`, `rpm-sqlite`, `jar`. */
  readonly name: string
  /** Whether it wants this path. Called for every file: it looks at the path (and `isExecutable`, `size`) only. */
  wants(file: { path: string; isExecutable: boolean; size: number }): boolean
  /**
   * Whether the first bytes, up to 4,096, can be of its format. Without it every file of a wanted path is kept for
   * `detect`; with it the others are passed over without being written anywhere.
   */
  wantsHead?(head: Uint8Array): boolean
  detect(file: ScannedFile): Promise<Detected>
}

/** Something is larger, deeper or more than the scanner reads. The message says what and the limit. */
export class ScanLimit extends Error {
  override readonly name = 'ScanLimit'
}

/** A file is not what its name promises. The message says what is wrong, for people. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable'
}
