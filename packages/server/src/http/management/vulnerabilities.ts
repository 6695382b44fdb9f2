import { listVulnerabilityImages } from '@berth/api/vulnerabilities.ts'
import { type Binding, bind } from './call.ts'

/** Where vulnerabilities are. */
export const vulnerabilityRoutes: readonly Binding[] = [
  bind(
    listVulnerabilityImages,
    { on: 'anyone' },
    async ({ vulnerabilityImages }, { params, query, caller }) => {
      const { items, next } = await vulnerabilityImages.list(caller, {
        vulnerability: params.vulnerability,
        project: query.project,
        after: query.after,
        limit: query.limit,
      })
      return { body: { items: items.map((item) => ({ ...item, score: item.score / 10 })), next } }
    },
  ),
]
