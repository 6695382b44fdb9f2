import { ClientError } from '@berth/client/client-error.ts'

/** Reads how many there may be: a number above 0, or `all`. Throws `inputInvalid` naming the option. */
export function parseLimit(option: string, text: string): number {
  if (text === 'all') return Number.POSITIVE_INFINITY
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text)
  throw new ClientError(
    'inputInvalid',
    `${option} takes a number above 0 or "all", and not "${text}".`,
  )
}
