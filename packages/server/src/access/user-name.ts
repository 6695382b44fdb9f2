import { BerthError } from '../errors.ts'

/** Under this name a workload presents its token as a password. */
const reserved = 'workload'
const grammar = /^[a-z0-9][a-z0-9._-]{0,63}$/

/** What is wrong with a user name, as a sentence; `undefined` for a good one. */
export function findUserNameFault(name: string): string | undefined {
  if (name === reserved)
    return `The name ${reserved} is kept for tokens of other issuers. Choose another.`
  if (grammar.test(name)) return undefined
  return 'A user name has 1 to 64 characters: lowercase letters, digits, ".", "_" and "-", and starts with a letter or a digit.'
}

/** Throws `requestInvalid` (reason `userNameInvalid`). */
export function checkUserName(name: string): void {
  const fault = findUserNameFault(name)
  if (fault === undefined) return
  throw new BerthError('requestInvalid', fault, {
    details: [{ field: 'name', rule: 'userName', reason: 'userNameInvalid' }],
  })
}
