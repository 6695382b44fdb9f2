import { type Detected, type Detector, ScanLimit, Unreadable } from '../detector.ts'
import { defaultLimits } from '../limits.ts'
import { rpmPackage, type RpmFacts, type RpmPackage } from './rpm/package.ts'

const maxBytes = 64 * 1024 ** 2

/**
 * `var/lib/rpmmanifest/container-manifest-2` of Azure Linux and CBL-Mariner without a package manager: one package a line,
 * ten fields set apart by tabs: name, version-release, time of installation, time of building, vendor, epoch, size,
 * architecture, epoch as a number, source package. `container-manifest-1` beside it lists the same packages with less.
 */
export const rpmManifest: Detector = {
  name: 'rpm-manifest',
  wants: (file) => file.path === 'var/lib/rpmmanifest/container-manifest-2',
  async detect(file) {
    return readManifest((await file.read(maxBytes)).toString('utf8'))
  },
}

function readManifest(text: string): Detected {
  const packages: RpmPackage[] = []
  const broken: number[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const facts = readLine(line)
    if (facts === undefined) broken.push(index + 1)
    else if (facts.name !== 'gpg-pubkey') packages.push(rpmPackage(facts))
    if (packages.length > defaultLimits.packages) {
      throw new ScanLimit(`the rpm manifest has more than ${defaultLimits.packages} packages`)
    }
  }
  if (broken.length > 0 && packages.length === 0) {
    throw new Unreadable('the rpm manifest has no line with a name, a version and a release')
  }
  return {
    packages,
    notCovered:
      broken.length === 0
        ? undefined
        : `${broken.length} lines of the rpm manifest could not be read, the first one is line ${broken[0]}`,
  }
}

function readLine(line: string): RpmFacts | undefined {
  const [name, evr, , , vendor, epoch, , architecture, epochNumber, sourceRpm] = line.split('\t')
  const dash = evr?.lastIndexOf('-') ?? -1
  if (name === undefined || name === '' || evr === undefined || dash < 1) return undefined
  return {
    name,
    version: evr.slice(0, dash),
    release: evr.slice(dash + 1),
    epoch: readEpoch(epochNumber) || readEpoch(epoch),
    architecture,
    sourceRpm: sourceRpm?.trim(),
    vendor,
    license: undefined,
    modularity: undefined,
  }
}

function readEpoch(text: string | undefined): number {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : 0
}
