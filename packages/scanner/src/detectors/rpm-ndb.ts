import type { Detector } from '../detector.ts'
import { defaultLimits } from '../limits.ts'
import { withFilePositions } from './file-positions.ts'
import { gatherRpmPackages } from './rpm/gather.ts'
import { ndbBlobs } from './rpm/ndb.ts'
import { isRpmDatabase } from './rpm/places.ts'

/** `Packages.db`: SUSE. */
export const rpmNdb: Detector = {
  name: 'rpm-ndb',
  wants: (file) => file.size > 0 && isRpmDatabase(file.path, 'Packages.db'),
  detect: (file) =>
    withFilePositions(file, defaultLimits.fileBytes, (positions) =>
      gatherRpmPackages(ndbBlobs(positions), positions.size),
    ),
}
