import type { ReactNode } from 'react'
import { PageLink } from '../../ui/link.tsx'

type Search = Record<string, string | undefined>

/** To another directory of the same layer. */
export function DirectoryLink({ path, children }: { path: string; children: ReactNode }) {
  return (
    <PageLink
      to="."
      search={(before: Search) => ({ ...before, path: path === '' ? undefined : path })}
      resetScroll={false}
    >
      {children}
    </PageLink>
  )
}
