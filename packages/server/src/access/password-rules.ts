import { BerthError } from '../errors.ts'
import { isCommonPassword } from './common-passwords.ts'

const charactersMin = 12
const bytesMax = 256
/** A name of one or two letters is in every other password. */
const nameCharactersMin = 3

/**
 * A password in the form that is hashed: NFKC (NIST SP 800-63B, 3.1.1.2), because one keyboard sends `é` as one character
 * and another as two, and both are meant to be the same password.
 */
export function normalizePassword(password: string): string {
  return password.normalize('NFKC')
}

/** Longer ones are refused before anything is computed with them. */
export function isTooLong(password: string): boolean {
  return Buffer.byteLength(password) > bytesMax
}

/**
 * Throws `requestInvalid` (field `password`, reason `passwordInvalid`, and the `rule`: `tooShort`, `tooLong`,
 * `controlCharacter`, `userName` or `common`) unless the password may be chosen: 12 characters to 256 bytes, no control
 * character, none that are guessed first, and not the user's own name. There is no rule on capitals, digits or signs.
 */
export function checkPasswordRules(password: string, userName: string | undefined): void {
  const fault = findFault(password, userName)
  if (fault === undefined) return
  throw new BerthError('requestInvalid', fault.message, {
    details: [{ field: 'password', reason: 'passwordInvalid', rule: fault.rule }],
  })
}

function findFault(
  password: string,
  userName: string | undefined,
): { rule: string; message: string } | undefined {
  if (isTooLong(password)) return tooLong
  const normalized = normalizePassword(password)
  // Compatibility forms can grow: one character becomes eighteen.
  if (isTooLong(normalized)) return tooLong
  if (Array.from(normalized).length < charactersMin) return tooShort
  if (/\p{Cc}/u.test(normalized)) return controlCharacter
  if (containsName(normalized, userName)) return containsUserName
  return isCommonPassword(normalized) ? common : undefined
}

function containsName(password: string, userName: string | undefined): boolean {
  if (userName === undefined || userName.length < nameCharactersMin) return false
  return password.toLowerCase().includes(userName.toLowerCase())
}

const tooShort = {
  rule: 'tooShort',
  message: `The password is shorter than ${charactersMin} characters. Choose a longer one, such as a few words.`,
}
const tooLong = {
  rule: 'tooLong',
  message: `The password is longer than ${bytesMax} bytes. Choose a shorter one.`,
}
const controlCharacter = {
  rule: 'controlCharacter',
  message:
    'The password holds a control character, such as a line break or a tab. Leave it out; every other character is accepted.',
}
const containsUserName = {
  rule: 'userName',
  message: 'The password contains the user name. Choose one that does not.',
}
const common = {
  rule: 'common',
  message:
    'The password is made of what is guessed first: common words, rows of keys, years, repetitions. Choose one with something of your own, such as four words that do not belong together.',
}
