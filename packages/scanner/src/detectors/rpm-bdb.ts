import type { Detector } from '../detector.ts'
import { defaultLimits } from '../limits.ts'
import { withFilePositions } from './file-positions.ts'
import { bdbBlobs } from './rpm/bdb.ts'
import { gatherRpmPackages } from './rpm/gather.ts'
import { isRpmDatabase } from './rpm/places.ts'

/** `Packages`: RHEL and its like up to 8, Amazon Linux up to 2, SUSE up to 15 SP2. */
export const rpmBdb: Detector = {
  name: 'rpm-bdb',
  wants: (file) => file.size > 0 && isRpmDatabase(file.path, 'Packages'),
  detect: (file) =>
    withFilePositions(file, defaultLimits.fileBytes, (positions) =>
      gatherRpmPackages(bdbBlobs(positions), positions.size),
    ),
}
