import {
  advisoryArchiveMediaType,
  exportAdvisories,
  importAdvisories,
  readAdvisories,
} from '@berth/api/advisories.ts'
import type { Advisories } from '../../scan/advisories.ts'
import { type Binding, bind } from './call.ts'

const managing = { on: 'instance', action: 'manageSystem' } as const
const dayMs = 86_400_000

/** The advisories that images are compared with. */
export const advisoryRoutes: readonly Binding[] = [
  bind(readAdvisories, { on: 'caller' }, async ({ advisories }) => ({
    body: await stateOf(advisories),
  })),
  bind(importAdvisories, managing, async ({ advisories }, { exchange, context }) => {
    exchange.acceptBody()
    await advisories.importArchive(context, exchange.request)
    return { body: await stateOf(advisories) }
  }),
  bind(exportAdvisories, managing, async ({ advisories }) => ({
    body: undefined,
    stream: {
      mediaType: advisoryArchiveMediaType,
      content: await advisories.exportArchive(),
      fileName: 'advisories.tar.zst',
    },
  })),
]

async function stateOf(advisories: Advisories) {
  const { data, revision, fault } = advisories.state
  const age = data.builtAt === null ? null : (Date.now() - Date.parse(data.builtAt)) / dayMs
  return {
    revision,
    builtAt: data.builtAt,
    ageDays: age === null ? null : Math.round(age * 10) / 10,
    sources: data.sources.map(({ name, builtAt, records, license = null }) => ({
      name,
      builtAt,
      records,
      license,
    })),
    fault,
    isUpdating: advisories.isImporting,
    isMatching: await advisories.isMatching(),
  }
}
