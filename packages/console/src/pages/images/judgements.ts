import { explainDecision } from '@berth/api/decisions.ts'
import { listFindings } from '@berth/api/findings.ts'
import {
  createInstancePolicyException,
  createPolicyException,
  endInstancePolicyException,
  endPolicyException,
  listInstancePolicyExceptions,
  listPolicyExceptions,
} from '@berth/api/policy-exceptions.ts'
import { readScan } from '@berth/api/scans.ts'
import {
  createInstanceVexStatement,
  createVexStatement,
  listInstanceVexStatements,
  listVexStatements,
  revokeInstanceVexStatement,
  revokeVexStatement,
} from '@berth/api/vex.ts'
import type * as z from 'zod'
import { useApi, useApiAction } from '../../api/queries.ts'
import { useSession } from '../../api/session.ts'
import type { Finding } from './finding-key.ts'
import { useImage, useMayHere } from './image-context.ts'
import { fitsPattern } from './name-pattern.ts'

export type Statement = z.output<typeof listVexStatements.answer>['items'][number]
export type Exception = z.output<typeof listPolicyExceptions.answer>['items'][number]
type StatementBody = z.input<typeof createVexStatement.body>
type ExceptionBody = z.input<typeof createPolicyException.body>

/** What reads otherwise after somebody judged. */
const judged = [
  listFindings,
  readScan,
  explainDecision,
  listVexStatements,
  listInstanceVexStatements,
  listPolicyExceptions,
  listInstancePolicyExceptions,
]

/** Whether the caller may read what the project of the image says. */
function useReadsProject(): { isProject: boolean; isInstance: boolean } {
  const { repository } = useImage()
  const session = useSession()
  const mayProject = useMayHere('readProject')
  const isInstance = repository.project === ''
  return {
    isProject: !isInstance && mayProject && session !== undefined,
    isInstance: isInstance && (session?.allowed.includes('readPolicies') ?? false),
  }
}

/** Statements of the project of the image that hold for a finding in it. */
export function useStatements({ vulnerability, package: found }: Finding): Statement[] {
  const { repository, image } = useImage()
  const { isProject, isInstance } = useReadsProject()
  const query = { vulnerability, limit: 200 }
  const ofProject = useApi(
    listVexStatements,
    { params: { project: repository.project }, query },
    { isEnabled: isProject },
  )
  const ofInstance = useApi(
    listInstanceVexStatements,
    { query: { ...query, scope: 'instance' } },
    { isEnabled: isInstance },
  )
  const name = `${found.kind}:${found.name}`
  const holds = (statement: Statement) =>
    (statement.repository === null || statement.repository === repository.name) &&
    (statement.image === null || statement.image === image.digest) &&
    (statement.package === null ||
      statement.package === name ||
      statement.package === `${name}@${found.version}`)
  return (ofProject.data ?? ofInstance.data)?.body.items.filter(holds) ?? []
}

/** Exceptions of the project of the image that hold there and name the vulnerability or the package of a finding. */
export function useExceptions({ vulnerability, package: found }: Finding): Exception[] {
  const { repository } = useImage()
  const { isProject, isInstance } = useReadsProject()
  const query = { limit: 200 }
  const ofProject = useApi(
    listPolicyExceptions,
    { params: { project: repository.project }, query },
    { isEnabled: isProject },
  )
  const ofInstance = useApi(listInstancePolicyExceptions, { query }, { isEnabled: isInstance })
  const names = [`${found.kind}:${found.name}`, found.name]
  const holds = (exception: Exception) =>
    fitsPattern(exception.repositories, repository.name) &&
    (exception.vulnerability === null || exception.vulnerability === vulnerability) &&
    (exception.package === null || names.includes(exception.package)) &&
    (exception.vulnerability !== null || exception.package !== null)
  return (ofProject.data ?? ofInstance.data)?.body.items.filter(holds) ?? []
}

/** To judge for the project of the image, or for the instance where it has none. */
export function useJudging() {
  const { project } = useImage().repository
  const params = { project }
  const options = { changes: judged }
  const say = useApiAction(createVexStatement, options)
  const sayForAll = useApiAction(createInstanceVexStatement, options)
  const revoke = useApiAction(revokeVexStatement, options)
  const revokeForAll = useApiAction(revokeInstanceVexStatement, options)
  const except = useApiAction(createPolicyException, options)
  const exceptForAll = useApiAction(createInstancePolicyException, options)
  const end = useApiAction(endPolicyException, options)
  const endForAll = useApiAction(endInstancePolicyException, options)
  const isInstance = project === ''
  return {
    say: (body: StatementBody) =>
      isInstance ? sayForAll.mutateAsync({ body }) : say.mutateAsync({ params, body }),
    takeBack: ({ id: statement }: Statement) =>
      isInstance
        ? revokeForAll.mutateAsync({ params: { statement } })
        : revoke.mutateAsync({ params: { project, statement } }),
    except: (body: ExceptionBody) =>
      isInstance ? exceptForAll.mutateAsync({ body }) : except.mutateAsync({ params, body }),
    end: ({ id: exception }: Exception) =>
      isInstance
        ? endForAll.mutateAsync({ params: { exception } })
        : end.mutateAsync({ params: { project, exception } }),
  }
}
