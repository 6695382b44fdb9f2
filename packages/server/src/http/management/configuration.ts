import { listSettings } from '@berth/api/configuration.ts'
import { type Binding, bind } from './call.ts'

/** The settings in force. */
export const configurationRoutes: readonly Binding[] = [
  bind(listSettings, { on: 'instance', action: 'readSystem' }, async ({ settings }) => ({
    body: { items: settings() },
  })),
]
