import * as z from 'zod'
import { containsQuery, orderQuery, pageOf, pageQuery } from './page.ts'
import { defineRoute } from './route.ts'

const component = '[a-z0-9]+(?:(?:\\.|_{1,2}|-+)[a-z0-9]+)*'

/** The name of a project: up to 8 components of repository names. */
export const projectName = z
  .string()
  .min(1)
  .max(200)
  .regex(new RegExp(`^${component}(?:/${component}){0,7}$`))
  .describe('Name of a project, such as `acme/ml`.')

/** In a path, where the slashes of the name are written `%2F`. */
export const projectParams = z.strictObject({ project: projectName })

export const visibility = z
  .enum(['private', 'internal', 'public'])
  .describe('Who may pull without being a member: nobody, everyone who is signed in, anyone.')

const time = z.iso.datetime()
const byteCount = z.int().min(0).max(Number.MAX_SAFE_INTEGER)
const allowedAddresses = z
  .array(z.string().min(2).max(50))
  .min(1)
  .max(100)
  .describe('Addresses and CIDR ranges, IPv4 and IPv6, from which the project may be used.')

function setting<Value extends z.ZodType>(value: Value, description: string) {
  return z
    .strictObject({
      own: value.nullable().describe('What the project says itself; `null`: as the one above.'),
      effective: value.nullable().describe('What holds; `null`: there is no limit.'),
      from: z
        .string()
        .max(200)
        .nullable()
        .describe('The project that `effective` comes from; an empty text is the instance.'),
    })
    .describe(description)
}

const settings = z.strictObject({
  visibility: setting(visibility, 'Who may pull without being a member.'),
  quotaBytes: setting(byteCount, 'The most that may be stored, in bytes.'),
  quotaRepositories: setting(byteCount, 'The most repositories that there may be.'),
  allowedAddresses: setting(allowedAddresses, 'From where it may be used.'),
})

const description = z
  .string()
  .max(500)
  .regex(/^[^\p{Cc}\u2028\u2029]*$/u)
  .describe('What it is for, in one line; an empty text when nobody said.')

const project = z.strictObject({
  name: projectName,
  description,
  parent: z
    .string()
    .max(200)
    .describe('Name of the nearest project above; an empty text is the instance.'),
  settings,
  createdAt: time,
  updatedAt: time,
  version: z.int().describe('Counts the changes of the project and of those above it.'),
})

/** What can be done with a project. */
export const projectAction = z.enum([
  'readProject',
  'updateProject',
  'createProject',
  'deleteProject',
  'readMembers',
  'manageMembers',
  'readRobots',
  'manageRobots',
  'manageImmutability',
  'managePolicy',
  'manageSigners',
  'signImages',
  'judgeFindings',
  'manageQuota',
  'readAudit',
])

const listedProject = z.strictObject({
  ...project.shape,
  usage: z
    .strictObject({ bytes: byteCount, repositories: byteCount })
    .describe('What the project and all below it hold, as quotas count.'),
  findings: z
    .strictObject({
      critical: z.int(),
      high: z.int(),
      medium: z.int(),
      low: z.int(),
      negligible: z.int(),
      unknown: z.int(),
      countedAt: time,
    })
    .nullable()
    .describe(
      'Open findings of the repositories right in the project, not of those in projects below it. With up to 500 repositories they are counted now, with more the job `measure-projects` does it once a day; `null`: not yet.',
    ),
})

const ownSettings = {
  visibility: visibility.nullable().optional(),
  allowedAddresses: allowedAddresses.nullable().optional(),
}

export const listProjects = defineRoute({
  id: 'listProjects',
  method: 'GET',
  path: '/projects',
  topic: 'Projects',
  summary: 'List the projects that the caller may read',
  params: z.strictObject({}),
  query: z.strictObject({
    ...pageQuery,
    sort: z.enum(['name', 'createdAt']).default('name'),
    order: orderQuery.describe(
      'Default: `ascending` by name, `descending` by `createdAt`: the newest first.',
    ),
    contains: containsQuery,
    prefix: z
      .string()
      .min(1)
      .max(200)
      .regex(/^[a-z0-9._/-]+$/)
      .optional()
      .describe('What the names begin with.'),
    parent: projectName
      .or(z.literal(''))
      .optional()
      .describe('Only projects right below this one; an empty text is the instance.'),
    visibility: visibility.optional().describe('Only those that say this themselves.'),
  }),
  body: undefined,
  status: 200,
  answer: pageOf(listedProject),
  problems: [],
  versioned: false,
  open: true,
})

export const createProject = defineRoute({
  id: 'createProject',
  method: 'POST',
  path: '/projects',
  topic: 'Projects',
  summary: 'Create a project',
  description:
    'Takes the right to create projects in the nearest project above the name. Repositories and projects below the name that exist already belong to the new project from then on.',
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: z.strictObject({
    name: projectName,
    description: description.optional(),
    ...ownSettings,
  }),
  status: 201,
  answer: project,
  problems: ['alreadyExists'],
  versioned: true,
})

export const readProject = defineRoute({
  id: 'readProject',
  method: 'GET',
  path: '/projects/{project}',
  topic: 'Projects',
  summary: 'Read a project with the settings that hold in it',
  params: projectParams,
  query: z.strictObject({}),
  body: undefined,
  status: 200,
  answer: z.strictObject({
    ...project.shape,
    allowed: z.array(projectAction).describe('What the caller may do in the project.'),
  }),
  problems: ['notFound'],
  versioned: true,
  open: true,
})

export const updateProject = defineRoute({
  id: 'updateProject',
  method: 'PATCH',
  path: '/projects/{project}',
  topic: 'Projects',
  summary: 'Change the settings of a project',
  description: 'What is left out stays; `null` means as the project above has it.',
  params: projectParams,
  query: z.strictObject({}),
  body: z.strictObject({ description: description.optional(), ...ownSettings }),
  status: 200,
  answer: project,
  problems: ['notFound', 'versionMismatch'],
  versioned: true,
})

export const deleteProject = defineRoute({
  id: 'deleteProject',
  method: 'DELETE',
  path: '/projects/{project}',
  topic: 'Projects',
  summary: 'Delete an empty project with its members, robots and rules',
  params: projectParams,
  query: z.strictObject({}),
  body: undefined,
  status: 204,
  answer: undefined,
  problems: ['notFound', 'conflict', 'versionMismatch'],
  versioned: true,
})

const defaults = z.strictObject({ settings, updatedAt: time, version: z.int() })

export const readDefaults = defineRoute({
  id: 'readDefaults',
  method: 'GET',
  path: '/system/defaults',
  topic: 'System',
  summary: 'Read what holds where no project says otherwise',
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: undefined,
  status: 200,
  answer: defaults,
  problems: [],
  versioned: true,
})

export const updateDefaults = defineRoute({
  id: 'updateDefaults',
  method: 'PATCH',
  path: '/system/defaults',
  topic: 'System',
  summary: 'Change what holds where no project says otherwise',
  description: 'What is left out stays; `null` means no limit, and for the visibility `private`.',
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: z.strictObject({
    ...ownSettings,
    quotaBytes: byteCount.nullable().optional().describe('For the whole instance.'),
    quotaRepositories: byteCount.nullable().optional().describe('For the whole instance.'),
  }),
  status: 200,
  answer: defaults,
  problems: ['versionMismatch'],
  versioned: true,
})
