import { readFile } from 'node:fs/promises'
import { startBerth } from '../tools/berth.ts'
import { auditAnswers } from './audit.ts'
import { collectChecks, type Results, type Trial } from './check.ts'
import { checkBase } from './checks/base.ts'
import { checkBlobMounts } from './checks/blob-mount.ts'
import { checkBlobPulls } from './checks/blob-pull.ts'
import { checkBlobPushes } from './checks/blob-push.ts'
import { checkBlobRanges } from './checks/blob-ranges.ts'
import { checkDeletes } from './checks/deletes.ts'
import { checkLists } from './checks/lists.ts'
import { checkManifestLives } from './checks/manifest-life.ts'
import { checkManifestPulls } from './checks/manifest-pull.ts'
import { checkManifestPushes } from './checks/manifest-push.ts'
import { checkManifestRefusals } from './checks/manifest-refusals.ts'
import { checkNames } from './checks/names.ts'
import { checkReferrers } from './checks/referrers.ts'
import { checkUploadChunks } from './checks/upload-chunks.ts'
import { checkUploadSessions } from './checks/upload-sessions.ts'
import { Registry } from './registry.ts'

/** A Berth that is set up in one way. */
type Combination = { credentials: boolean; tls: boolean; sparse: boolean }

export const combinations: readonly Combination[] = [false, true].flatMap((credentials) =>
  [false, true].flatMap((tls) => [false, true].map((sparse) => ({ credentials, tls, sparse }))),
)

const parts: readonly ((trial: Trial) => Promise<void>)[] = [
  checkBase,
  checkNames,
  checkBlobPushes,
  checkUploadChunks,
  checkUploadSessions,
  checkBlobMounts,
  checkBlobPulls,
  checkBlobRanges,
  checkManifestLives,
  checkManifestPushes,
  checkManifestRefusals,
  checkManifestPulls,
  checkDeletes,
  checkLists,
  checkReferrers,
]

export function nameOf({ credentials, tls, sparse }: Combination): string {
  const who = credentials ? 'credentials' : 'anonymous'
  return [who, tls ? 'TLS' : 'HTTP', sparse ? 'sparse manifests' : 'whole manifests'].join(', ')
}

/** Runs every check against a Berth process of its own. */
export async function runChecks(combination: Combination): Promise<Results> {
  const { credentials, tls, sparse } = combination
  const berth = await startBerth({
    ...(tls ? { tls: { hosts: [] } } : {}),
    config: {
      ...(credentials ? {} : { access: { anonymousRole: 'admin' } }),
      registry: { allowSparseManifests: sparse },
    },
  })
  const registry = new Registry({
    origin: berth.origin,
    ca: tls ? await readFile(berth.caFile, 'utf8') : undefined,
    user: credentials ? { name: berth.username, password: berth.password } : undefined,
  })
  const { check, results } = collectChecks()
  const reportAudit = auditAnswers(registry)
  try {
    for (const part of parts) {
      // What a part prepares for its checks may fail as well; the other parts still run.
      await part({ check, registry, allowsSparse: sparse }).catch((error: unknown) =>
        check(part.name, () => Promise.reject(error)),
      )
    }
    await reportAudit(check)
    return results
  } finally {
    registry.close()
    await berth.stop()
  }
}
