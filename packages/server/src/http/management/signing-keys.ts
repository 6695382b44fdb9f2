import { createSigningKey, listSigningKeys, retireSigningKey } from '@berth/api/signing-keys.ts'
import { type Binding, bind } from './call.ts'

const changing = { on: 'project', action: 'manageSigners' } as const

/** The keys that Berth signs with. */
export const signingKeyRoutes: readonly Binding[] = [
  bind(
    listSigningKeys,
    { on: 'project', action: 'readProject' },
    async ({ signingKeys }, { params }) => ({
      body: { items: await signingKeys.listKeys(params.project) },
    }),
  ),
  bind(
    createSigningKey,
    changing,
    async ({ signingKeys }, { params: { project }, body, context }) => ({
      body: await signingKeys.createKey(context, project, body),
      location: `/projects/${encodeURIComponent(project)}/signing-keys/${body.name}`,
    }),
  ),
  bind(retireSigningKey, changing, async ({ signingKeys }, { params, context }) => {
    await signingKeys.retireKey(context, params.project, params.name)
    return { body: undefined }
  }),
]
