import { envelope, type Front, type StandIn } from './front.ts'
import { insufficientScope, TokenService } from './token-service.ts'

/** Quay. Its accounts are robots of the organisation `acme`: `acme+ann`. */
export function standInQuay(front: Front): StandIn {
  const tokens = new TokenService({
    front,
    realmPath: '/v2/auth',
    service: (host) => host,
    accountOf: (name, secret) =>
      name.startsWith('acme+') ? front.account(name.slice(5), secret) : undefined,
    wrongSecret: {
      status: 401,
      body: envelope(
        'UNAUTHORIZED',
        'Could not find robot with that username and matching password.',
      ),
    },
    missingRight: insufficientScope,
  })
  return {
    admit: (request) => tokens.admit(request),
    answer: (request) => tokens.answer(request),
  }
}
