import * as z from 'zod'
import { actions, allowedAddresses, expiresAt, machineName, repositories } from './limits.ts'
import { pageOf, pageQuery } from './page.ts'
import { projectName, projectParams } from './projects.ts'
import { defineRoute } from './route.ts'

const time = z.iso.datetime()
const description = z.string().max(255).describe('One line that says what it is for.')

const robot = z.strictObject({
  id: z.uuid(),
  projectName: projectName.or(z.literal('')).describe('An empty text is the instance.'),
  login: z
    .string()
    .describe('The user name for `docker login`: `<project>+<name>`, of the instance `+<name>`.'),
  description,
  actions,
  repositories,
  allowedAddresses: allowedAddresses.nullable(),
  expiresAt: time.nullable(),
  disabledAt: time.nullable().describe('`null` while it may log in.'),
  previousExpiresAt: time
    .nullable()
    .describe('Until when the secret before the last rotation is good too.'),
  lastUsedAt: time.nullable().describe('Its last login, to five minutes.'),
  createdAt: time,
  createdBy: z.string().describe('Name of who made it.'),
  version: z.int(),
})

const robotWithSecret = z.strictObject({
  robot,
  secret: z.string().describe('The password for `docker login`. It is shown here and never again.'),
})

const id = z.uuid().describe('`id` of the robot.')
const nothing = z.strictObject({})
const topic = 'Robots'

export const listRobots = defineRoute({
  id: 'listRobots',
  method: 'GET',
  path: '/projects/{project}/robots',
  topic,
  summary: 'List the robots of a project by login, without those of projects below it',
  params: projectParams,
  query: z.strictObject(pageQuery),
  body: undefined,
  status: 200,
  answer: pageOf(robot),
  problems: ['notFound'],
  versioned: false,
})

export const createRobot = defineRoute({
  id: 'createRobot',
  method: 'POST',
  path: '/projects/{project}/robots',
  topic,
  summary: 'Create a robot; its secret is in this answer only',
  description: 'A robot gets no action that its maker does not have in the project.',
  params: projectParams,
  query: nothing,
  body: z.strictObject({
    name: machineName,
    description: description.default(''),
    actions,
    repositories: repositories.default(['**']),
    allowedAddresses: allowedAddresses.nullable().default(null),
    expiresAt: expiresAt.default(null),
  }),
  status: 201,
  answer: robotWithSecret,
  problems: ['notFound', 'alreadyExists', 'conflict'],
  versioned: true,
  secret: true,
})

export const readRobot = defineRoute({
  id: 'readRobot',
  method: 'GET',
  path: '/projects/{project}/robots/{robot}',
  topic,
  summary: 'Read a robot',
  params: z.strictObject({ project: projectName, robot: id }),
  query: nothing,
  body: undefined,
  status: 200,
  answer: robot,
  problems: ['notFound'],
  versioned: true,
})

export const updateRobot = defineRoute({
  id: 'updateRobot',
  method: 'PATCH',
  path: '/projects/{project}/robots/{robot}',
  topic,
  summary: 'Change a robot, or disable it',
  description: 'What is left out stays.',
  params: z.strictObject({ project: projectName, robot: id }),
  query: nothing,
  body: z.strictObject({
    description: description.optional(),
    actions: actions.optional(),
    repositories: repositories.optional(),
    allowedAddresses: allowedAddresses.nullable().optional(),
    expiresAt: expiresAt.optional(),
    disabled: z.boolean().optional().describe('`true`: it can do nothing from now on.'),
  }),
  status: 200,
  answer: robot,
  problems: ['notFound'],
  versioned: true,
})

export const rotateRobot = defineRoute({
  id: 'rotateRobot',
  method: 'POST',
  path: '/projects/{project}/robots/{robot}/rotation',
  topic,
  summary: 'Give a robot a new secret, which is in this answer only',
  params: z.strictObject({ project: projectName, robot: id }),
  query: nothing,
  body: z.strictObject({
    overlapSeconds: z
      .int()
      .min(0)
      .max(2_592_000)
      .default(0)
      .describe('For so long the secret before it stays good; 0 ends it at once.'),
  }),
  status: 200,
  answer: robotWithSecret,
  problems: ['notFound'],
  versioned: true,
  secret: true,
})

export const deleteRobot = defineRoute({
  id: 'deleteRobot',
  method: 'DELETE',
  path: '/projects/{project}/robots/{robot}',
  topic,
  summary: 'Delete a robot; its secret and its tokens are worth nothing from then on',
  params: z.strictObject({ project: projectName, robot: id }),
  query: nothing,
  body: undefined,
  status: 204,
  answer: undefined,
  problems: ['notFound'],
  versioned: true,
})

const ofInstance = z.strictObject({ robot: id })

export const listInstanceRobots = defineRoute({
  ...listRobots,
  id: 'listInstanceRobots',
  path: '/robots',
  summary: 'List the robots of the instance, which reach into every project',
  params: nothing,
})

export const createInstanceRobot = defineRoute({
  ...createRobot,
  id: 'createInstanceRobot',
  path: '/robots',
  summary: 'Create a robot of the instance; its secret is in this answer only',
  description: 'It reaches into every project, as far as its patterns say.',
  params: nothing,
})

export const readInstanceRobot = defineRoute({
  ...readRobot,
  id: 'readInstanceRobot',
  path: '/robots/{robot}',
  summary: 'Read a robot of the instance',
  params: ofInstance,
})

export const updateInstanceRobot = defineRoute({
  ...updateRobot,
  id: 'updateInstanceRobot',
  path: '/robots/{robot}',
  summary: 'Change a robot of the instance, or disable it',
  params: ofInstance,
})

export const rotateInstanceRobot = defineRoute({
  ...rotateRobot,
  id: 'rotateInstanceRobot',
  path: '/robots/{robot}/rotation',
  summary: 'Give a robot of the instance a new secret, which is in this answer only',
  params: ofInstance,
})

export const deleteInstanceRobot = defineRoute({
  ...deleteRobot,
  id: 'deleteInstanceRobot',
  path: '/robots/{robot}',
  summary: 'Delete a robot of the instance',
  params: ofInstance,
})
