import { Backend } from './backend.ts'
import { Front } from './front.ts'
import { limitBody, makeStandIn, type StandInKind, type StandInSettings } from './stand-ins.ts'

/** What `start.ts` gives to the process, as JSON in its environment: the password of the registry behind is in it. */
export type StandInOrder = {
  readonly kind: StandInKind
  readonly port: number
  readonly backend: { readonly port: number; readonly username: string; readonly password: string }
  readonly settings: StandInSettings
}

const order = JSON.parse(process.env.STAND_IN_ORDER ?? '{}') as StandInOrder
const front = new Front(new Backend(order.backend), limitBody(order.kind))
const server = front.serve(makeStandIn[order.kind](front, order.settings))
server.listen(order.port, '127.0.0.1')
process.once('SIGTERM', () => {
  server.close()
  server.closeAllConnections()
})
