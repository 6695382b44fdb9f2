import type { FuzzRequest, Operation } from './operation.ts'
import type { Random } from '../faults/random.ts'
import { send } from './send.ts'

/** A caller, by the header that it shows; without one, nobody in particular. */
export type Principal = { readonly name: string; readonly authorization: string | undefined }

export type Principals = {
  readonly admin: Principal
  /** For what spoils the credentials of its caller. */
  readonly spare: Principal
  readonly nobody: Principal
  readonly others: readonly Principal[]
}

/** Accepted by the rules for passwords. */
export const password = 'seven lanterns by a quiet harbour'
const ownPaths = /^\/(?:account|session|sessions|second-factor)(?:\/|$)/

/** Makes users of several roles, through the API itself. */
export async function makePrincipals(
  origin: string,
  given: { readonly name: string; readonly password: string },
): Promise<Principals> {
  const admin = { name: given.name, authorization: basic(given.name, given.password) }
  const makeUser = async (role: string, name = `fuzz-${role}`): Promise<Principal> => {
    const body = JSON.stringify({ name, password, role })
    const headers = { 'content-type': 'application/json' }
    const request = { method: 'POST', target: '/users', headers, body }
    const answer = await send(origin, request, admin.authorization)
    if (answer.status !== 201) throw new Error(`No user could be made: ${answer.body}`)
    return { name, authorization: basic(name, password) }
  }
  const nobody = { name: 'nobody', authorization: undefined }
  const stranger = { name: 'a stranger', authorization: 'Bearer berth_key_not-a-key' }
  const users = [await makeUser('auditor'), await makeUser('developer'), await makeUser('reader')]
  // They may be changed and deleted by whoever can.
  for (const name of ['extra-1', 'extra-2', 'extra-3']) await makeUser('none', name)
  return {
    admin,
    spare: await makeUser('reader', 'fuzz-spare'),
    nobody,
    others: [...users, nobody, stranger],
  }
}

/**
 * Half of the requests are the administrator's, and all the planned ones. What would end the credentials of its caller
 * goes to the spare one, and what would end those of another caller to nobody.
 */
export function choosePrincipal(
  { admin, spare, nobody, others }: Principals,
  { method, path }: Operation,
  { parameters }: FuzzRequest,
  random: Random,
  isPlanned: boolean,
): Principal {
  const chosen = isPlanned || random.chance(0.5) ? admin : random.pick(others)
  if (method === 'GET') return chosen
  if (ownPaths.test(path)) return chosen.authorization === undefined ? chosen : spare
  const names = Object.values(parameters)
  return [admin, ...others].some(({ name }) => names.includes(name)) ? nobody : chosen
}

function basic(name: string, secret: string): string {
  return `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`
}
