import type { RegistryClient } from '@berth/client/registry/registry-client.ts'
import type { RepositoryAddress } from '@berth/client/image-reference.ts'

/** The groups, in the order in which they are shown. */
export const groups = ['this machine', 'builders', 'logins', 'registries'] as const
export type Group = (typeof groups)[number]

/** `skipped`: there was nothing to check, or it could not be checked here; `seen` says why. */
export type Status = 'ok' | 'warn' | 'fail' | 'skipped'

export type Finding = {
  readonly group: Group
  /** What was looked at: `docker daemon`, `ghcr.io certificate`. */
  readonly name: string
  readonly status: Status
  /** What was seen, in a line. */
  readonly seen: string
  /** What mends it: a whole sentence, with the command where there is one. */
  readonly mend?: string | undefined
}

/** What a check found, without the names that it has from the check. A check of several things names each. */
export type Answer = Omit<Finding, 'group' | 'name'> & { readonly name?: string | undefined }

export type Check = {
  readonly group: Group
  readonly name: string
  /** Throws for what it did not expect; that becomes a failed finding. Ends early with the signal. */
  run(signal: AbortSignal): Promise<Answer | readonly Answer[]>
}

/** What the checks are to look at. */
export type Subject = {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
  readonly cwd: string
  readonly registries: readonly string[]
  readonly repositories: readonly RepositoryAddress[]
  /** Platforms that somebody wants to build for: `linux/arm64`. */
  readonly platforms: readonly string[]
  /** PEM of further authorities that are trusted. */
  readonly certificates: readonly string[]
  /** Registries that are reached without TLS. */
  readonly plainHttp: ReadonlySet<string>
  client(): Promise<RegistryClient>
}

export const ok = (seen: string): Answer => ({ status: 'ok', seen })
export const skipped = (seen: string): Answer => ({ status: 'skipped', seen })
export const warn = (seen: string, mend: string): Answer => ({ status: 'warn', seen, mend })
export const fail = (seen: string, mend: string): Answer => ({ status: 'fail', seen, mend })
