import { BerthError } from '../errors.ts'

/** The same answer for a session that ended, that expired, and that belongs to somebody else. */
export function uploadUnknown(id: string, repository: string): BerthError {
  return new BerthError(
    'uploadUnknown',
    `There is no upload session ${id} in ${repository}. It may have ended or expired; start a new one.`,
  )
}
