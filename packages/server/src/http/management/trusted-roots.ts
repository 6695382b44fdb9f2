import { deleteTrustedRoot, listTrustedRoots, setTrustedRoot } from '@berth/api/trusted-roots.ts'
import { type Binding, bind } from './call.ts'

const changing = { on: 'instance', action: 'manageSystem' } as const

/** The Sigstore roots that keyless signatures are judged by. */
export const trustedRootRoutes: readonly Binding[] = [
  bind(listTrustedRoots, { on: 'instance', action: 'readSystem' }, async ({ trustedRoots }) => ({
    body: { items: await trustedRoots.listRoots() },
  })),
  bind(setTrustedRoot, changing, async ({ trustedRoots }, { params, body, context }) => ({
    body: await trustedRoots.setRoot(context, params.name, body.document),
  })),
  bind(deleteTrustedRoot, changing, async ({ trustedRoots }, { params, context }) => {
    await trustedRoots.deleteRoot(context, params.name)
    return { body: undefined }
  }),
]
