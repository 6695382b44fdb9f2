import { projectText } from '../../text/projects.ts'

export type ProjectRole = keyof typeof projectText.members.roles

/** The one that may do most comes first. */
export const projectRoles = Object.keys(projectText.members.roles) as ProjectRole[]

export const roleChoices = projectRoles.map((value) => ({
  value,
  label: projectText.members.roles[value],
}))
