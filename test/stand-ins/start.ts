import { join } from 'node:path'
import type { Berth } from '../tools/berth.ts'
import { freePort, startService } from '../tools/process.ts'
import type { Control } from './front.ts'
import type { StandInOrder } from './process.ts'
import type { StandInKind, StandInSettings } from './stand-ins.ts'

/** One kind of registry, played by a process of its own in front of a real registry. */
export type RunningStandIn = {
  readonly pid: number
  /** `127.0.0.1:<port>`, as clients name it. */
  readonly host: string
  readonly origin: string
  control(control: Control): Promise<void>
  /** `METHOD path` of everything that was asked of it. */
  asked(): Promise<readonly string[]>
  logs(): string
  stop(): Promise<void>
}

/** Starts the stand-in and waits until it answers. Whoever started `backend` stops it. */
export async function startStandIn(
  kind: StandInKind,
  backend: Berth,
  settings: StandInSettings = {},
): Promise<RunningStandIn> {
  const port = await freePort()
  const { username, password } = backend
  const order: StandInOrder = {
    kind,
    port,
    backend: { port: backend.port, username, password },
    settings,
  }
  const host = `127.0.0.1:${port}`
  const origin = `http://${host}`
  const service = await startService(process.execPath, [join(import.meta.dirname, 'process.ts')], {
    env: { STAND_IN_ORDER: JSON.stringify(order) },
    isReady: async () => (await fetch(`${origin}/-/control`)).ok,
  })
  return {
    pid: service.pid,
    host,
    origin,
    async control(control) {
      const body = JSON.stringify(control)
      const answer = await fetch(`${origin}/-/control`, { method: 'POST', body })
      if (!answer.ok) throw new Error(`the stand-in answers ${answer.status}`)
    },
    async asked() {
      const answer = await fetch(`${origin}/-/control`)
      return ((await answer.json()) as { asked: string[] }).asked
    },
    logs: service.logs,
    stop: service.stop,
  }
}
