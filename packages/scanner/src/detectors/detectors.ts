import type { Detector } from '../detector.ts'
import { dpkg } from './dpkg.ts'
import { osRelease } from './os-release.ts'
import { rpmBdb } from './rpm-bdb.ts'
import { rpmManifest } from './rpm-manifest.ts'
import { rpmNdb } from './rpm-ndb.ts'
import { rpmSqlite, rpmSqliteLog } from './rpm-sqlite.ts'

/** Every detector that is used for images, in no order that matters. */
export const detectors: readonly Detector[] = [
  osRelease,
  dpkg,
  rpmSqlite,
  rpmSqliteLog,
  rpmNdb,
  rpmBdb,
  rpmManifest,
]
