import { BerthError } from '../errors.ts'

/** Throws `versionMismatch` when the caller read another version than the one that is stored now. */
export function checkVersion(
  stored: { readonly version: number },
  expected: number | undefined,
): void {
  if (expected === undefined || expected === stored.version) return
  throw new BerthError(
    'versionMismatch',
    `This was changed in between: it has version ${stored.version}, not ${expected}. Read it again, then repeat the change.`,
    { details: [{ version: stored.version }] },
  )
}
