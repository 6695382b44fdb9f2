import {
  createInstancePolicyException,
  createPolicyException,
  endInstancePolicyException,
  endPolicyException,
  listInstancePolicyExceptions,
  listPolicyExceptions,
} from '@berth/api/policy-exceptions.ts'
import { type Binding, bind } from './call.ts'

const reading = { on: 'project', action: 'readProject' } as const
const changing = { on: 'project', action: 'managePolicy' } as const
const readingInstance = { on: 'instance', action: 'readSystem' } as const
const changingInstance = { on: 'instance', action: 'manageSystem' } as const
const root = ''

/** What may pass until a day. */
export const policyExceptionRoutes: readonly Binding[] = [
  bind(listPolicyExceptions, reading, async ({ policyExceptions }, { params, query }) => {
    const { items, next } = await policyExceptions.listExceptions(params.project, query)
    return { body: { items: [...items], next } }
  }),
  bind(
    createPolicyException,
    changing,
    async ({ policyExceptions }, { params: { project }, body, context }) => {
      const exception = await policyExceptions.createException(context, project, body)
      const location = `/projects/${encodeURIComponent(project)}/policy-exceptions/${exception.id}`
      return { body: exception, location }
    },
  ),
  bind(endPolicyException, changing, async ({ policyExceptions }, { params, context }) => {
    await policyExceptions.endException(context, params.project, params.exception)
    return { body: undefined }
  }),
  bind(listInstancePolicyExceptions, readingInstance, async ({ policyExceptions }, { query }) => {
    const project = query.scope === 'instance' ? root : undefined
    const { items, next } = await policyExceptions.listExceptions(project, query)
    return { body: { items: [...items], next } }
  }),
  bind(
    createInstancePolicyException,
    changingInstance,
    async ({ policyExceptions }, { body, context }) => {
      const exception = await policyExceptions.createException(context, root, body)
      return { body: exception, location: `/system/policy-exceptions/${exception.id}` }
    },
  ),
  bind(
    endInstancePolicyException,
    changingInstance,
    async ({ policyExceptions }, { params, context }) => {
      await policyExceptions.endException(context, root, params.exception)
      return { body: undefined }
    },
  ),
]
