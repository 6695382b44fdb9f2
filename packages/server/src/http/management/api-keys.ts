import {
  createOwnKey,
  listOwnKeys,
  listUserKeys,
  revokeOwnKey,
  revokeUserKey,
} from '@berth/api/api-keys.ts'
import type { ApiKey } from '../../access/api-keys.ts'
import type { Page } from '../../access/page.ts'
import { type Binding, bind } from './call.ts'

const reading = { on: 'instance', action: 'readUsers' } as const
const managing = { on: 'instance', action: 'manageUsers' } as const

/** Personal keys: a user's own, and those of others for administrators. No key can make or revoke one. */
export const apiKeyRoutes: readonly Binding[] = [
  bind(listOwnKeys, { on: 'person' }, async ({ apiKeys }, { caller, query }) =>
    toPage(await apiKeys.listKeys(caller.actor.name, query)),
  ),
  bind(createOwnKey, { on: 'person' }, async ({ apiKeys }, { caller, context, body }) => {
    const userName = caller.actor.name
    const { key, secret } = await apiKeys.createKey(context, { userName, ...body })
    return { body: { key: toBody(key), secret } }
  }),
  bind(revokeOwnKey, { on: 'person' }, async ({ apiKeys }, { caller, context, params }) => {
    await apiKeys.revokeKey(context, { userName: caller.actor.name, id: params.key })
    return { body: undefined }
  }),
  bind(listUserKeys, reading, async ({ apiKeys }, { params, query }) =>
    toPage(await apiKeys.listKeys(params.user, query)),
  ),
  bind(revokeUserKey, managing, async ({ apiKeys }, { params, context }) => {
    await apiKeys.revokeKey(context, { userName: params.user, id: params.key })
    return { body: undefined }
  }),
]

function toPage({ items, next }: Page<ApiKey>) {
  return { body: { items: items.map(toBody), next } }
}

function toBody(key: ApiKey) {
  const { actions, repositories, ...rest } = key
  return {
    ...rest,
    actions: actions && [...actions],
    repositories: repositories && [...repositories],
  }
}
