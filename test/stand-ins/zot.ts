import { admitBasic } from './basic-door.ts'
import { envelope, type Front, type StandIn } from './front.ts'
import { unauthorised } from './token-service.ts'

/** zot with htpasswd and policies. */
export function standInZot(front: Front): StandIn {
  return {
    admit: (request) =>
      admitBasic(request, {
        accountOf: (name, secret) => front.account(name, secret),
        unknown: () =>
          unauthorised('Basic realm="Authorization Required"', 'authentication required'),
        missingRight: () => ({
          status: 403,
          body: envelope('DENIED', 'requested access to the resource is denied'),
        }),
      }),
  }
}
