import { compare, valid } from '@renovatebot/pep440'
import type { Scheme } from './scheme.ts'

/** The library counts in floats: longer numbers would be rounded and so compare equal. */
const roundedNumber = /[1-9]\d{15}/

/** https://packaging.python.org/en/latest/specifications/version-specifiers/, local versions too. */
export const pep440: Scheme<string> = {
  read(text) {
    const version = text.trim()
    return valid(version) === null || roundedNumber.test(version) ? undefined : version
  },
  compare,
}
