import type { Workspace } from '../workspace.ts'

export type ContenderName =
  | 'berth'
  | 'earlier-berth'
  /** Berth with many projects and people. */
  | 'large-berth'
  /** The same Berth, in a project without a policy. */
  | 'ungated-berth'
  | 'docker-registry'
  | 'distribution'
  | 'zot'
  | 'zot-commit'
  | 'nginx'

/** A server that takes part in the benchmark. */
export interface Contender {
  readonly name: ContenderName

  /** Why it cannot take part on this machine and how to install it; `undefined` when it can. */
  absence(): string | undefined

  version(): string

  /** Starts it with an empty store of its own; anyone may read and write. */
  start(workspace: Workspace): Promise<RunningContender>
}

export type RunningContender = {
  name: ContenderName
  /** `http://127.0.0.1:<port>`, no trailing slash. */
  url: string
  pid: number
  /** Everything it stores lies below. */
  directory: string
  readyMilliseconds: number
  /** Makes the content of `file` available at `blobPath`. */
  storeBlob(repository: string, digest: string, file: string): Promise<void>
  blobPath(repository: string, digest: string): string
  stop(): Promise<void>
}
