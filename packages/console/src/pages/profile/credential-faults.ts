import { ApiProblem } from '@berth/api/client.ts'
import { accountText as text } from '../../text/profile.ts'

/**
 * The refusal of a password or a code that were asked for to be sure who sits there, told beside the field it is about.
 * `fields`: what they are called in the form.
 */
export function besideField(
  error: unknown,
  fields: { readonly current: string; readonly code: string; readonly next?: string },
): unknown {
  if (!(error instanceof ApiProblem)) return error
  const has = (reason: string) => error.details.some((detail) => detail['reason'] === reason)
  const at = (path: string, message: string) =>
    new ApiProblem(400, { errors: [{ in: 'body', path, rule: 'refused', message }] }, undefined)
  if (has('invalidCredentials')) return at(fields.current, text.currentWrong)
  if (has('secondFactorInvalid') || has('secondFactorRequired')) {
    return at(fields.code, text.codeWrong)
  }
  const [first] = error.errors
  if (fields.next !== undefined && first?.path === 'password') return at(fields.next, first.message)
  return error
}
