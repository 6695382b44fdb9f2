import { readHealth, readSystem } from '@berth/api/system.ts'
import { type Binding, bind } from './call.ts'

/** How this Berth is doing. */
export const systemRoutes: readonly Binding[] = [
  bind(readSystem, { on: 'instance', action: 'readSystem' }, async ({ system }) => ({
    body: await system.readSystem(),
  })),
  bind(readHealth, { on: 'instance', action: 'readSystem' }, async ({ systemHealth }) => ({
    body: await systemHealth.readHealth(),
  })),
]
