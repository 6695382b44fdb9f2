import { BerthError } from '../errors.ts'

const displayNameMax = 128
const emailMax = 254
const emailForm = /^[^\s@\p{Cc}]{1,64}@[^\s@\p{Cc}]{1,189}$/u

/** What a user is called beside the name, for people to read. */
export type Profile = {
  readonly displayName?: string | null | undefined
  readonly email?: string | null | undefined
}

/** Throws `requestInvalid` for what is no display name or no address. */
export function checkProfile({ displayName, email }: Profile): void {
  if (typeof displayName === 'string' && !isDisplayName(displayName)) {
    throw new BerthError(
      'requestInvalid',
      `The display name is not valid. Accepted are 1 to ${displayNameMax} characters without control characters, no blank first or last.`,
      { details: [{ field: 'displayName', rule: 'displayName' }] },
    )
  }
  if (typeof email === 'string' && !isEmail(email)) {
    throw new BerthError(
      'requestInvalid',
      `The email address is not valid. Accepted is name@domain, ${emailMax} characters at most.`,
      { details: [{ field: 'email', rule: 'email' }] },
    )
  }
}

/** What can be kept of a profile that comes from outside, where nobody can be asked to correct it. */
export function cleanProfile(profile: Profile): {
  displayName: string | null
  email: string | null
} {
  const displayName = (profile.displayName ?? '')
    .replaceAll(/\p{Cc}/gu, ' ')
    .trim()
    .slice(0, displayNameMax)
    // The first half of a character that was cut in two.
    .replace(/\p{Cs}$/u, '')
    .trim()
  const email = profile.email?.trim() ?? ''
  return {
    displayName: displayName === '' ? null : displayName,
    email: isEmail(email) ? email : null,
  }
}

function isDisplayName(text: string): boolean {
  const { length } = text
  return length >= 1 && length <= displayNameMax && text.trim() === text && !/\p{Cc}/u.test(text)
}

function isEmail(text: string): boolean {
  return text.length <= emailMax && emailForm.test(text)
}
