import { listInstanceFindings, listTrackedFindings } from '@berth/api/findings.ts'
import { useQuery } from '@tanstack/react-query'
import type * as z from 'zod'
import { callApi } from '../../api/client.ts'
import { useMay } from '../../api/session.ts'
import { type Repository, useImage, useMayHere } from './image-context.ts'

type Tracked = z.output<typeof listTrackedFindings.answer>['items'][number]
export type Due = Pick<Tracked, 'due' | 'isOverdue'>

const pagesMax = 5

/** By when findings of this repository have to be mended, by `dueKey`. Empty where the caller may not know. */
export function useDueDates(): ReadonlyMap<string, Due> {
  const { repository } = useImage()
  const mayProject = useMayHere('readProject')
  const mayInstance = useMay('readSystem')
  const { data } = useQuery({
    queryKey: [listTrackedFindings.topic, listTrackedFindings.id, 'due', repository.name],
    queryFn: ({ signal }) => readDue(repository, signal),
    enabled: repository.project === '' ? mayInstance : mayProject,
  })
  return data ?? none
}

const none: ReadonlyMap<string, Due> = new Map()

/** What is due first, up to 1,000: of those one looks at in a page, all. */
async function readDue(
  { name: repository, project }: Repository,
  signal: AbortSignal,
): Promise<Map<string, Due>> {
  const found = new Map<string, Due>()
  let after: string | undefined
  for (let page = 0; page < pagesMax; page += 1) {
    const query = { repository, sort: 'due', limit: 200, ...(after && { after }) } as const
    const { body } =
      project === ''
        ? await callApi(listInstanceFindings, { query, signal })
        : await callApi(listTrackedFindings, { params: { project }, query, signal })
    for (const { package: name, vulnerability, due, isOverdue } of body.items) {
      found.set(`${name} ${vulnerability}`, { due, isOverdue })
    }
    if (body.next === null) break
    after = body.next
  }
  return found
}

export function dueKey(finding: {
  vulnerability: string
  package: { kind: string; name: string }
}): string {
  return `${finding.package.kind}:${finding.package.name} ${finding.vulnerability}`
}
