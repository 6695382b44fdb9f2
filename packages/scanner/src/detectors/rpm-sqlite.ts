import type { Detector } from '../detector.ts'
import { defaultLimits } from '../limits.ts'
import { gatherRpmPackages } from './rpm/gather.ts'
import { isRpmDatabase } from './rpm/places.ts'
import { sqliteBlobs } from './rpm/sqlite.ts'

/** `rpmdb.sqlite`: Fedora since 33, RHEL and its like since 9. */
export const rpmSqlite: Detector = {
  name: 'rpm-sqlite',
  wants: (file) => file.size > 0 && isRpmDatabase(file.path, 'rpmdb.sqlite'),
  async detect(file) {
    const path = await file.onDisk(defaultLimits.fileBytes)
    return gatherRpmPackages(sqliteBlobs(path), file.size)
  },
}

/** What SQLite had not yet moved into the database when the layer was made. It is never read. */
export const rpmSqliteLog: Detector = {
  name: 'rpm-sqlite-log',
  wants: (file) => file.size > 0 && isRpmDatabase(file.path, 'rpmdb.sqlite-wal'),
  detect: async () => ({
    notCovered:
      'the rpm database was left with a write-ahead log: packages that were installed or removed last may be wrong',
  }),
}
