import {
  createInstanceRobot,
  createRobot,
  deleteInstanceRobot,
  deleteRobot,
  listInstanceRobots,
  listRobots,
  readInstanceRobot,
  readRobot,
  rotateInstanceRobot,
  rotateRobot,
  updateInstanceRobot,
  updateRobot,
} from '@berth/api/robots.ts'
import type { Robot, Robots } from '../../access/robots.ts'
import { type Binding, bind, type ManagementCall } from './call.ts'
import { grantContext } from './grant.ts'

const reading = { on: 'project', action: 'readRobots' } as const
const managing = { on: 'project', action: 'manageRobots' } as const
const readingInstance = { on: 'instance', action: 'readSystem' } as const
const managingInstance = { on: 'instance', action: 'manageSystem' } as const

/** Robots, which belong to a project or to the instance. */
export const robotRoutes: readonly Binding[] = [
  bind(listRobots, reading, ({ robots }, call) => list(robots, call.params.project, call.query)),
  bind(createRobot, managing, ({ robots }, call) => create(robots, call.params.project, call)),
  bind(readRobot, reading, ({ robots }, { params }) => read(robots, params.project, params.robot)),
  bind(updateRobot, managing, ({ robots }, call) => update(robots, call.params.project, call)),
  bind(rotateRobot, managing, ({ robots }, call) => rotate(robots, call.params.project, call)),
  bind(deleteRobot, managing, ({ robots }, call) => remove(robots, call.params.project, call)),
  bind(listInstanceRobots, readingInstance, ({ robots }, call) => list(robots, '', call.query)),
  bind(createInstanceRobot, managingInstance, ({ robots }, call) => create(robots, '', call)),
  bind(readInstanceRobot, readingInstance, ({ robots }, { params }) =>
    read(robots, '', params.robot),
  ),
  bind(updateInstanceRobot, managingInstance, ({ robots }, call) => update(robots, '', call)),
  bind(rotateInstanceRobot, managingInstance, ({ robots }, call) => rotate(robots, '', call)),
  bind(deleteInstanceRobot, managingInstance, ({ robots }, call) => remove(robots, '', call)),
]

type Page = ManagementCall<typeof listInstanceRobots>['query']

async function list(robots: Robots, project: string, query: Page) {
  const page = await robots.listRobots({ project, ...query })
  return { body: { items: page.items.map(toBody), next: page.next } }
}

async function create(
  robots: Robots,
  project: string,
  call: Pick<ManagementCall<typeof createInstanceRobot>, 'body' | 'caller' | 'context'>,
) {
  const input = { project, ...call.body, disabled: false }
  const { robot, secret } = await robots.createRobot(grantContext(call), input)
  const folder = project === '' ? '' : `/projects/${encodeURIComponent(project)}`
  return {
    body: { robot: toBody(robot), secret },
    version: robot.version,
    location: `${folder}/robots/${robot.id}`,
  }
}

async function read(robots: Robots, project: string, id: string) {
  const robot = await robots.readRobot({ project, id })
  return { body: toBody(robot), version: robot.version }
}

async function update(
  robots: Robots,
  project: string,
  call: Pick<
    ManagementCall<typeof updateInstanceRobot>,
    'params' | 'body' | 'caller' | 'context' | 'ifMatch'
  >,
) {
  const key = { project, id: call.params.robot }
  const robot = await robots.changeRobot(grantContext(call), key, call.body, call.ifMatch)
  return { body: toBody(robot), version: robot.version }
}

async function rotate(
  robots: Robots,
  project: string,
  call: Pick<
    ManagementCall<typeof rotateInstanceRobot>,
    'params' | 'body' | 'caller' | 'context' | 'ifMatch'
  >,
) {
  const key = { project, id: call.params.robot }
  const { overlapSeconds } = call.body
  const context = grantContext(call)
  const { robot, secret } = await robots.rotateRobot(context, key, overlapSeconds, call.ifMatch)
  return { body: { robot: toBody(robot), secret }, version: robot.version }
}

async function remove(
  robots: Robots,
  project: string,
  call: Pick<
    ManagementCall<typeof deleteInstanceRobot>,
    'params' | 'caller' | 'context' | 'ifMatch'
  >,
) {
  const key = { project, id: call.params.robot }
  await robots.deleteRobot(grantContext(call), key, call.ifMatch)
  return { body: undefined }
}

function toBody(robot: Robot) {
  const { actions, repositories, allowedAddresses, ...rest } = robot
  return {
    ...rest,
    actions: [...actions],
    repositories: [...repositories],
    allowedAddresses: allowedAddresses && [...allowedAddresses],
  }
}
