/** A thread of its own, started by `AdvisoryThread`. */
import { type AdvisoryDatabase, openAdvisories } from '@berth/scanner/advisories/database.ts'
import { exportAdvisories } from '@berth/scanner/advisories/export-archive.ts'
import { importAdvisories } from '@berth/scanner/advisories/import-archive.ts'
import { withoutAdvisories } from '@berth/scanner/advisories/match.ts'
import type { Finding } from '@berth/scanner/finding.ts'
import { parentPort } from 'node:worker_threads'
import type {
  AdvisoryAnswer,
  AdvisoryMessage,
  AdvisoryRequests,
  AdvisoryTask,
  MatchedFinding,
} from './advisory-requests.ts'

let database: AdvisoryDatabase | undefined
let updating: AbortController | undefined

const tasks: {
  [Task in AdvisoryTask]: (
    ask: AdvisoryRequests[Task]['ask'],
  ) => AdvisoryRequests[Task]['answer'] | Promise<AdvisoryRequests[Task]['answer']>
} = {
  open({ file }) {
    const opened = openAdvisories(file)
    try {
      const data = opened.data()
      database?.close()
      database = opened
      return data
    } catch (error) {
      opened.close()
      throw error
    }
  },
  match: ({ targets }) =>
    targets.map((target) => (database?.match(target) ?? []).map((finding) => toRow(finding))),
  uncovered: ({ catalogue }) => (database ? withoutAdvisories(database, catalogue) : []),
  import: ({ archive, file }) => importAdvisories(archive, file),
  async update(ask) {
    // Loaded when it is switched on.
    const { updateOnline } = await import('./advisory-update.ts')
    updating = new AbortController()
    return updateOnline(ask, updating.signal)
  },
  stopUpdate() {
    updating?.abort()
    return null
  },
  async export({ file, archive }) {
    await exportAdvisories(file, archive)
    return null
  },
}

function toRow(finding: Finding): MatchedFinding {
  return {
    vulnerability: finding.vulnerability,
    severity: finding.severity,
    score: Math.round(finding.score * 10),
    fix_state: finding.fixState,
    fixed_version: finding.fixedVersion ?? null,
    fix_available_at: finding.fixAvailableAt ?? null,
    known_exploited: finding.knownExploited ?? null,
    epss: finding.epss ?? null,
    finding: JSON.stringify(finding),
  }
}

parentPort?.on('message', (message: AdvisoryMessage) => {
  void answer(message)
})

async function answer({ id, task, ask }: AdvisoryMessage): Promise<void> {
  let reply: AdvisoryAnswer
  try {
    // The task decides what is asked; the message's type says so.
    reply = { id, answer: await tasks[task](ask as never) }
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error))
    reply = { id, failure: { name, message } }
  }
  parentPort?.postMessage(reply)
}
