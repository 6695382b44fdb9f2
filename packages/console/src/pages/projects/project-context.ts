import type { ClientAnswer } from '@berth/api/client.ts'
import type { readProject } from '@berth/api/projects.ts'
import { createContext, useContext } from 'react'

export type Project = ClientAnswer<typeof readProject>['body']
export type ProjectAction = Project['allowed'][number]

const context = createContext<Project | undefined>(undefined)

export const ProjectProvider = context.Provider

/** The project whose pages these are, and what may be done with it: only to offer it, the server decides. */
export function useProject() {
  const project = useContext(context)
  if (!project) throw new Error('no project is open')
  return {
    project,
    may: (action: ProjectAction) => project.allowed.includes(action),
  }
}
