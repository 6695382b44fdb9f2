import { envelope, type Front, type StandIn } from './front.ts'
import { insufficientScope, TokenService } from './token-service.ts'

/** GitLab's registry with GitLab's token service. */
export function standInGitlab(front: Front): StandIn {
  const tokens = new TokenService({
    front,
    realmPath: '/jwt/auth',
    service: () => 'container_registry',
    wrongSecret: { status: 401, body: envelope('UNAUTHORIZED', 'HTTP Basic: Access denied.') },
    missingRight: insufficientScope,
  })
  return {
    admit: (request) => tokens.admit(request),
    answer: (request) => tokens.answer(request),
  }
}
