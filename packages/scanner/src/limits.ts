/** What one scan may cost, whatever a stranger has packed. */
export type ScanLimits = {
  /** Of one layer without compression. */
  readonly layerBytes: number
  /** Bytes without compression for one with it, beyond the first 16 MiB. */
  readonly ratio: number
  /** Of one layer. */
  readonly entries: number
  /** Of one file that a detector reads. */
  readonly fileBytes: number
  /** Files inside one archive (jar). */
  readonly archiveEntries: number
  /** Archives in archives. */
  readonly archiveDepth: number
  /** Packages in one image. */
  readonly packages: number
  readonly pathLength: number
  /** Of one image, in milliseconds. */
  readonly timeMs: number
  /** Memory of the child process, in MiB. */
  readonly memoryMiB: number
}

export const defaultLimits: ScanLimits = {
  layerBytes: 64 * 1024 ** 3,
  ratio: 200,
  entries: 2_000_000,
  fileBytes: 512 * 1024 ** 2,
  archiveEntries: 100_000,
  archiveDepth: 4,
  packages: 200_000,
  pathLength: 4096,
  timeMs: 30 * 60_000,
  memoryMiB: 1024,
}
