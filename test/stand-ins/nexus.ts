import { admitBasic } from './basic-door.ts'
import { envelope, type Front, type StandIn } from './front.ts'
import { unauthorised } from './token-service.ts'

/** Sonatype Nexus at the connector of a hosted docker repository, without its bearer realm. */
export function standInNexus(front: Front): StandIn {
  return {
    headers: { Server: 'Nexus/3.87.1-01 (COMMUNITY)' },
    admit: (request) =>
      admitBasic(request, {
        accountOf: (name, secret) => front.account(name, secret),
        unknown: () =>
          unauthorised(
            'Basic realm="Sonatype Nexus Repository Manager"',
            'access to the requested resource is not authorized',
          ),
        missingRight: () => ({
          status: 403,
          body: envelope('DENIED', 'access to the requested resource is not authorized'),
        }),
      }),
  }
}
