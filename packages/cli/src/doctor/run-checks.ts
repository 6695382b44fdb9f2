import { ClientError } from '@berth/client/client-error.ts'
import { type Answer, type Check, type Finding, groups } from './check.ts'

/**
 * Runs all checks at once, each for so many milliseconds at most, and gives what they found in the order of the groups.
 * A check that throws or does not end is a finding too. Throws only when the whole was stopped.
 */
export async function runChecks(
  checks: readonly Check[],
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<readonly Finding[]> {
  const findings = await Promise.all(checks.map((check) => runCheck(check, timeoutMs, signal)))
  if (signal.aborted) throw signal.reason
  return groups.flatMap((group) => findings.flat().filter((each) => each.group === group))
}

async function runCheck(
  check: Check,
  timeoutMs: number,
  stop: AbortSignal,
): Promise<readonly Finding[]> {
  const controller = new AbortController()
  const signal = AbortSignal.any([stop, controller.signal])
  let timer: NodeJS.Timeout | undefined
  // A call that does not mind the signal must not hold up the rest.
  const tooLong = new Promise<Answer>((resolve) => {
    timer = setTimeout(() => {
      resolve({
        status: 'fail',
        seen: `no answer within ${timeoutMs / 1000} s`,
        mend: 'Try again with a larger --timeout; if it stays so, something in between swallows the traffic.',
      })
      controller.abort(new ClientError('cancelled', 'It took too long.'))
    }, timeoutMs)
  })
  const work = check.run(signal).catch(answerOfError)
  const answers = await Promise.race([work, tooLong])
  clearTimeout(timer)
  return [answers].flat().map(({ name, ...answer }) => ({
    group: check.group,
    name: name ?? check.name,
    ...answer,
  }))
}

/** What a fault says about the thing that was looked at. */
export function answerOfError(error: unknown): Answer {
  const seen = error instanceof Error ? error.message : String(error)
  const next = error instanceof ClientError ? error.next : undefined
  return { status: 'fail', seen, mend: next }
}
