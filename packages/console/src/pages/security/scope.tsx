import { listProjects, readProject } from '@berth/api/projects.ts'
import type { Route } from '@berth/api/route.ts'
import type { ClientRequest } from '@berth/api/client.ts'
import { Select } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { type ListRoute, useApi, useApiPages } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { securityText as text } from '../../text/security.ts'
import { useFilters } from '../../ui/filters.ts'
import { ButtonLink } from '../../ui/link.tsx'
import { Page } from '../../ui/page.tsx'
import { Empty, Fault, Lines } from '../../ui/states.tsx'

/** What is looked at: a project and all below it; an empty text is the whole instance. */
export type Scope = string

const instanceValue = ':instance'
const searchable = /^[a-zA-Z0-9._/-]{1,128}$/

export function scopeName(scope: Scope): string {
  return scope === '' ? text.instance : scope
}

/** For the address of another page that looks at the same. */
export function scopeSearch(scope: Scope): { project?: string } {
  return scope === '' ? {} : { project: scope }
}

/** A page about a scope, with the field to choose it: the instance for those who may read it, else a project. */
export function ScopedPage({
  title,
  titleOf,
  lead,
  above,
  actions,
  children,
}: {
  title: string
  /** Where the title names the scope. */
  titleOf?: (scope: Scope) => string
  lead?: ReactNode
  above?: ReactNode
  actions?: (scope: Scope) => ReactNode
  children: (scope: Scope) => ReactNode
}) {
  const [{ project }] = useFilters()
  const mayInstance = useMay('readPolicies')
  // Who loses that role in the midst of something stays there, with what was typed: the server refuses.
  const [mightInstance] = useState(mayInstance)
  const isInstance = mayInstance || mightInstance
  const needsFirst = project === undefined && !isInstance
  const first = useApi(listProjects, { query: { limit: 1 } }, { isEnabled: needsFirst })
  const scope = project ?? (isInstance ? '' : first.data?.body.items[0]?.name)
  const heads = { title, lead, above }
  if (scope === undefined) {
    return (
      <Page {...heads}>
        {first.error ? (
          <Fault error={first.error} onRetry={() => void first.refetch()} />
        ) : first.data ? (
          <NoProject />
        ) : (
          <Lines />
        )}
      </Page>
    )
  }
  return (
    <Page
      {...heads}
      title={titleOf?.(scope) ?? title}
      actions={
        <>
          {actions?.(scope)}
          <ScopePicker scope={scope} mayInstance={mayInstance} />
        </>
      }
    >
      {children(scope)}
    </Page>
  )
}

function NoProject() {
  const action = (
    <ButtonLink to="/projects" variant="default">
      {text.toProjects}
    </ButtonLink>
  )
  return (
    <Empty title={text.noProjectTitle} action={action}>
      {text.noProject}
    </Empty>
  )
}

function ScopePicker({ scope, mayInstance }: { scope: Scope; mayInstance: boolean }) {
  const [, setFilters] = useFilters()
  const [typed, setTyped] = useState(scopeName(scope))
  const isSearch = typed !== scopeName(scope) && searchable.test(typed)
  const query = { limit: 100, ...(isSearch && { contains: typed }) }
  const projects = useApi(listProjects, { query }, { keepsPrevious: true })
  const names = projects.data?.body.items.map(({ name }) => name) ?? []
  const known = scope === '' || names.includes(scope) ? names : [scope, ...names]
  return (
    <Select
      aria-label={text.scopeLabel}
      data={[
        ...(mayInstance ? [{ value: instanceValue, label: text.instance }] : []),
        ...known.map((name) => ({ value: name, label: name })),
      ]}
      value={scope === '' ? instanceValue : scope}
      onChange={(value) => {
        if (value === null) return
        setFilters({
          project: value === instanceValue ? undefined : value,
          repository: undefined,
        })
      }}
      searchable
      searchValue={typed}
      onSearchChange={setTyped}
      allowDeselect={false}
      maxDropdownHeight={320}
      w={{ base: '100%', xs: 240 }}
      comboboxProps={{ position: 'bottom-end' }}
    />
  )
}

type Pair<R extends Route> = { readonly project: R; readonly instance: Route }

/** One of two routes that answer alike, and what it is asked. */
export function scoped<R extends Route>(
  scope: Scope,
  { project, instance }: Pair<R>,
  request: { query?: object; body?: object; ifMatch?: number | undefined; params?: object } = {},
): { route: R; request: ClientRequest<R> } {
  const isInstance = scope === ''
  const params = { ...request.params, ...(isInstance ? {} : { project: scope }) }
  return {
    // Both have the same query, body and answer; the instance takes no `project`.
    route: (isInstance ? instance : project) as R,
    request: { ...request, params } as unknown as ClientRequest<R>,
  }
}

type ReadOptions = {
  readonly refreshMs?: number | false
  readonly isEnabled?: boolean
  readonly keepsPrevious?: boolean
}

export function useScoped<R extends Route>(
  scope: Scope,
  pair: Pair<R>,
  query: object = {},
  options: ReadOptions = {},
) {
  const { route, request } = scoped(scope, pair, { query })
  return useApi(route, request, options)
}

export function useScopedPages<R extends Route & ListRoute>(
  scope: Scope,
  pair: Pair<R>,
  query: object = {},
  options: ReadOptions = {},
) {
  const { route, request } = scoped(scope, pair, { query })
  return useApiPages(route, request, options)
}

/** What may be done there; only to offer it. */
export function useScopeRights(scope: Scope): {
  mayJudge: boolean
  mayManagePolicy: boolean
  /** Before, nothing is offered. */
  isKnown: boolean
} {
  const mayInstance = useMay('managePolicies')
  const project = useApi(readProject, { params: { project: scope } }, { isEnabled: scope !== '' })
  if (scope === '') return { mayJudge: mayInstance, mayManagePolicy: mayInstance, isKnown: true }
  const allowed = project.data?.body.allowed ?? []
  return {
    mayJudge: allowed.includes('judgeFindings'),
    mayManagePolicy: allowed.includes('managePolicy'),
    isKnown: !project.isPending,
  }
}
