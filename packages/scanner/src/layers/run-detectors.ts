import type { LayerFile } from '../catalogue.ts'
import {
  type Detected,
  type Detector,
  type ScannedFile,
  ScanLimit,
  Unreadable,
} from '../detector.ts'
import type { CataloguedPackage, NotCovered } from '../package.ts'

/** What all detectors together learned from one file. */
export type FileFacts = {
  readonly files: readonly LayerFile[]
  readonly notCovered: readonly NotCovered[]
}

/** A detector that stumbles costs its own facts of this file only, and the file is reported as not covered. */
export async function runDetectors(
  file: ScannedFile,
  wanting: readonly Detector[],
): Promise<FileFacts> {
  const files: LayerFile[] = []
  const notCovered: NotCovered[] = []
  for (const detector of wanting) {
    if (detector.wantsHead !== undefined && !detector.wantsHead(file.head)) continue
    try {
      const detected = await detector.detect(file)
      const facts = factsOf(file.path, detector.name, detected)
      if (facts !== undefined) files.push(facts)
      if (detected.notCovered !== undefined)
        notCovered.push({ path: file.path, reason: detected.notCovered })
    } catch (error) {
      notCovered.push({ path: file.path, reason: reasonOf(detector, error) })
    }
  }
  return { files, notCovered }
}

function factsOf(path: string, detector: string, detected: Detected): LayerFile | undefined {
  const packages: Omit<CataloguedPackage, 'layer'>[] = [
    ...(detected.packages ?? []).map((found) => ({ ...found, path })),
    ...(detected.placed ?? []),
  ]
  const { distribution, owned, licenses } = detected
  if (
    packages.length === 0 &&
    distribution === undefined &&
    owned === undefined &&
    licenses === undefined
  )
    return undefined
  return {
    path,
    detector,
    packages,
    ...(distribution !== undefined && { distribution }),
    ...(owned !== undefined && { owned }),
    ...(licenses !== undefined && { licenses }),
  }
}

function reasonOf(detector: Detector, error: unknown): string {
  if (error instanceof ScanLimit || error instanceof Unreadable)
    return `${detector.name}: ${error.message}.`.replace('..', '.')
  const message = error instanceof Error ? error.message : String(error)
  return `The detector ${detector.name} failed: ${message}`
}
