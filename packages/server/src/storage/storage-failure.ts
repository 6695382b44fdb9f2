import { BerthError } from '../errors.ts'

const fullCodes = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/**
 * Translates what the operating system said while doing `act` (a verb: "write", "read").
 * The message is safe to show to a client; paths stay in the cause.
 */
export function storageFailure(act: string, cause: unknown): BerthError {
  if (cause instanceof BerthError) return cause
  const code = errorCode(cause)
  if (code !== undefined && fullCodes.has(code)) {
    return new BerthError(
      'storageFull',
      'The blob storage is full: free some space or enlarge it, then push again.',
      { cause },
    )
  }
  const reason = code === undefined ? '' : ` (${code})`
  return new BerthError(
    'unavailable',
    `The blob storage failed to ${act}${reason}: see the server's log, then try again.`,
    { cause },
  )
}

/** The `code` of a system error, such as `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
