/** One step of a job. */
export type Step = Readonly<Record<string, unknown>>

/** A pull request from a fork has no secrets, and pushes nothing. */
export const isPush = "github.event_name != 'pull_request'"

export const secret = (name: string): string => `\${{ secrets.${name} }}`

export function script(...lines: readonly string[]): string {
  return `set -euo pipefail\n${lines.join('\n')}\n`
}
