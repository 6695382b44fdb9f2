import {
  createProject,
  deleteProject,
  listProjects,
  readDefaults,
  readProject,
  updateDefaults,
  updateProject,
} from '@berth/api/projects.ts'
import type { Project } from '../../access/projects.ts'
import type { CountedProject } from '../../quota/project-figures.ts'
import { allowedInProject } from './allowed-actions.ts'
import { type Binding, bind } from './call.ts'

/** The tree of projects, and the defaults of the instance, which is its root. */
export const projectRoutes: readonly Binding[] = [
  bind(listProjects, { on: 'anyone' }, async ({ projects, projectFigures }, { caller, query }) => {
    const readable = await caller.readableProjects()
    const contains = query.contains?.toLowerCase()
    const page = await projects.listProjects({ ...query, contains, readable })
    const figures = await projectFigures.ofProjects(page.items.map(({ name }) => name))
    const items = page.items.map((project) => ({
      ...toBody(project),
      ...toFigures(figures.get(project.name)),
    }))
    return { body: { items, next: page.next } }
  }),
  bind(createProject, { on: 'caller' }, async ({ projects }, { body, caller, context }) => {
    const project = await projects.createProject(
      {
        ...context,
        // Which project is above the new one is known in the transaction only.
        checkParent: (tx, parent) => caller.requireProject(tx, 'createProject', parent),
      },
      body,
    )
    return {
      body: toBody(project),
      version: project.version,
      location: `/projects/${encodeURIComponent(project.name)}`,
    }
  }),
  bind(
    readProject,
    { on: 'project', action: 'readProject' },
    async ({ projects }, { params, caller }) => {
      const project = await projects.readProject(params.project)
      const allowed = await allowedInProject(caller, project.name)
      return { body: { ...toBody(project), allowed }, version: project.version }
    },
  ),
  bind(
    updateProject,
    { on: 'project', action: 'updateProject' },
    async ({ projects }, { params, body, context, ifMatch }) => {
      const project = await projects.updateProject(context, params.project, body, ifMatch)
      return { body: toBody(project), version: project.version }
    },
  ),
  bind(
    deleteProject,
    { on: 'project', action: 'deleteProject' },
    async ({ projects }, { params, context, ifMatch }) => {
      await projects.deleteProject(context, params.project, ifMatch)
      return { body: undefined }
    },
  ),
  bind(readDefaults, { on: 'instance', action: 'readSystem' }, async ({ projects }) => {
    const root = await projects.readDefaults()
    return { body: toDefaults(root), version: root.version }
  }),
  bind(
    updateDefaults,
    { on: 'instance', action: 'manageSystem' },
    async ({ projects }, { body, context, ifMatch }) => {
      const root = await projects.updateDefaults(context, body, ifMatch)
      return { body: toDefaults(root), version: root.version }
    },
  ),
]

function toBody(project: Project) {
  const { name, parent = '', description, createdAt, updatedAt, version } = project
  return { name, parent, description, settings: toSettings(project), createdAt, updatedAt, version }
}

function toFigures(project: CountedProject | undefined) {
  const { bytes = 0, repositories = 0, findings = null } = project ?? {}
  return { usage: { bytes, repositories }, findings }
}

function toDefaults(root: Project) {
  const { updatedAt, version } = root
  return { settings: toSettings(root), updatedAt, version }
}

/** The lists are copied: those of the core may not be changed. */
function toSettings({ settings }: Project) {
  const { own, effective, from } = settings.allowedAddresses
  return {
    ...settings,
    allowedAddresses: { own: own && [...own], effective: effective && [...effective], from },
  }
}
