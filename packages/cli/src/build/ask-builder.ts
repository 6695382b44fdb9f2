import { isClientError } from '@berth/client/client-error.ts'
import { runTool, type ToolResult } from '../tool.ts'

type Environment = Readonly<Record<string, string | undefined>>

const patienceMs = 20_000

/**
 * Asks a builder something. Gives what it printed, or as `reason` why it gave no answer: not installed, no daemon, too
 * slow. Throws `cancelled` when the whole build is.
 */
export async function askBuilder(
  command: string,
  args: readonly string[],
  env: Environment,
  signal: AbortSignal,
): Promise<{ readonly answer: string } | { readonly reason: string }> {
  const patience = AbortSignal.timeout(patienceMs)
  let result: ToolResult
  try {
    result = await runTool(command, args, { env, signal: AbortSignal.any([signal, patience]) })
  } catch (error) {
    if (isClientError(error, 'toolMissing')) return { reason: `${command} is not installed` }
    if (isClientError(error, 'toolFailed')) return { reason: error.message.replace(/\.$/, '') }
    if (patience.aborted && !signal.aborted) {
      return { reason: `${command} did not answer within ${patienceMs / 1000} s` }
    }
    throw error
  }
  if (result.status === 0) return { answer: result.stdout }
  const said = (result.stderr.trim() || result.stdout.trim()).split('\n')[0] ?? ''
  return { reason: `${command} ${args[0] ?? ''} says: ${said.replace(/\.$/, '').slice(0, 300)}` }
}

/** Reads an answer that is to be a JSON object; `undefined` when it is none. */
export function readAnswer(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** A text inside of an answer: `textAt(answer, 'host', 'arch')`. */
export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  let at: unknown = value
  for (const step of path) {
    at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[step] : undefined
  }
  return typeof at === 'string' && at !== '' ? at : undefined
}
