import {
  createInstanceTrustedIdentity,
  createTrustedIdentity,
  deleteInstanceTrustedIdentity,
  deleteTrustedIdentity,
  listInstanceTrustedIdentities,
  listTrustedIdentities,
} from '@berth/api/trusted-identities.ts'
import { type Binding, bind } from './call.ts'

const root = ''
const reading = { on: 'project', action: 'readProject' } as const
const changing = { on: 'project', action: 'manageSigners' } as const
const readingInstance = { on: 'instance', action: 'readSystem' } as const
const changingInstance = { on: 'instance', action: 'manageSystem' } as const

/** Whose signatures count, in projects and everywhere. */
export const trustedIdentityRoutes: readonly Binding[] = [
  bind(listTrustedIdentities, reading, async ({ trustedIdentities }, { params }) => ({
    body: { items: await trustedIdentities.listIdentities(params.project) },
  })),
  bind(
    createTrustedIdentity,
    changing,
    async ({ trustedIdentities }, { params: { project }, body, context }) => ({
      body: await trustedIdentities.createIdentity(context, project, body),
      location: `/projects/${encodeURIComponent(project)}/trusted-identities/${body.name}`,
    }),
  ),
  bind(deleteTrustedIdentity, changing, async ({ trustedIdentities }, { params, context }) => {
    await trustedIdentities.deleteIdentity(context, params.project, params.name)
    return { body: undefined }
  }),
  bind(listInstanceTrustedIdentities, readingInstance, async ({ trustedIdentities }) => ({
    body: { items: await trustedIdentities.listIdentities(root) },
  })),
  bind(
    createInstanceTrustedIdentity,
    changingInstance,
    async ({ trustedIdentities }, { body, context }) => ({
      body: await trustedIdentities.createIdentity(context, root, body),
      location: `/system/trusted-identities/${body.name}`,
    }),
  ),
  bind(
    deleteInstanceTrustedIdentity,
    changingInstance,
    async ({ trustedIdentities }, { params, context }) => {
      await trustedIdentities.deleteIdentity(context, root, params.name)
      return { body: undefined }
    },
  ),
]
