import type { ClientAnswer } from '@berth/api/client.ts'
import { listImmutabilityRules, listInstanceImmutabilityRules } from '@berth/api/immutability.ts'
import { readProject } from '@berth/api/projects.ts'
import { useQuery } from '@tanstack/react-query'
import { ApiProblem } from '@berth/api/client.ts'
import { callApi } from '../../api/client.ts'
import { useMay } from '../../api/session.ts'

type Rule = ClientAnswer<typeof listImmutabilityRules>['body']['items'][number]

/** A rule with the project it stands in; an empty text is the instance. */
export type PlacedRule = { readonly project: string; readonly rule: Rule }
export type RulesAbove = {
  /** In the order in which they are asked. */
  readonly rules: readonly PlacedRule[]
  /** Projects whose rules one may not read; an empty text is the instance. */
  readonly hidden: readonly string[]
}

/** The rules about immutable tags of a project, of all above it and of the instance. An empty `project` is the instance. */
export function useRulesAbove(project: string) {
  const mayReadInstance = useMay('readSystem')
  return useQuery({
    queryKey: [listImmutabilityRules.topic, 'above', project, mayReadInstance],
    queryFn: async ({ signal }): Promise<RulesAbove> => {
      const rules: PlacedRule[] = []
      const hidden: string[] = []
      let here = project
      while (here !== '') {
        const params = { project: here }
        try {
          const { body } = await callApi(listImmutabilityRules, { params, signal })
          for (const rule of body.items) rules.push({ project: here, rule })
          const above = await callApi(readProject, { params, signal })
          here = above.body.parent
        } catch (error) {
          if (!(error instanceof ApiProblem) || (error.status !== 403 && error.status !== 404)) {
            throw error
          }
          // What is above it cannot be known then.
          hidden.push(here)
          break
        }
      }
      if (mayReadInstance) {
        const { body } = await callApi(listInstanceImmutabilityRules, { signal })
        for (const rule of body.items) rules.push({ project: '', rule })
      } else hidden.push('')
      return { rules, hidden }
    },
  })
}
