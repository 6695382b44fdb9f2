import { readTraffic } from '@berth/api/traffic.ts'
import { type Binding, bind } from './call.ts'

/** What this process serves. */
export const trafficRoutes: readonly Binding[] = [
  bind(
    readTraffic,
    { on: 'instance', action: 'readSystem' },
    async ({ traffic }, { query: { since } }) => ({ body: traffic.read(since) }),
  ),
]
