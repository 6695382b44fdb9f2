import type { Credentials } from './credentials.ts'

const part = /^[A-Za-z0-9_-]+$/
const textMax = 64 * 1024

/**
 * When credentials run out, as far as they say so themselves: tokens in the form of a JSON Web Token, and the passwords
 * of Amazon ECR. Nothing is verified; it is for showing. `undefined` for all others.
 */
export function expiryOf(credentials: Credentials): Date | undefined {
  if (credentials.kind === 'anonymous') return undefined
  const secret = credentials.kind === 'password' ? credentials.password : credentials.token
  if (secret.length > textMax) return undefined
  const parts = secret.split('.')
  const isToken = parts.length === 3 && parts.every((each) => part.test(each))
  const seconds = isToken
    ? numberIn(parts[1] ?? '', 'base64url', 'exp')
    : numberIn(secret, 'base64', 'expiration')
  if (seconds === undefined) return undefined
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? undefined : date
}

function numberIn(
  encoded: string,
  encoding: 'base64' | 'base64url',
  field: string,
): number | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(encoded, encoding).toString('utf8'))
    const number = (value as Record<string, unknown> | null)?.[field]
    return typeof number === 'number' ? number : undefined
  } catch {
    return undefined
  }
}
