import type { Detected, Detector } from '../detector.ts'
import type { CataloguedPackage } from '../package.ts'
import { readSbom } from '../sbom/read-sbom.ts'

const maxBytes = 64 * 1024 ** 2
const places = [
  /^opt\/bitnami\/(?:[^/]+\/)*\.spdx-[^/]+\.spdx$/,
  /^var\/lib\/db\/sbom\/[^/]+\.spdx\.json$/,
  /^(?:usr\/(?:local\/)?share|opt\/docker)\/sboms?\/(?:[^/]+\/)*[^/]+\.(?:spdx|cdx)(?:\.json)?$/,
]

/**
 * SBOMs that the makers of an image put inside: Bitnami's, Chainguard's and Wolfi's, and those under `share/sbom`. Where a
 * package manager's own database names the same package, that counts and not the SBOM (`layers/packages.ts`).
 */
export const sbomFile: Detector = {
  name: 'sbom-file',
  wants: ({ path }) => places.some((place) => place.test(path)),
  async detect(file): Promise<Detected> {
    const catalogue = readSbom(await file.read(maxBytes))
    const missing = catalogue.notCovered.filter(({ reason }) => !namesSource(reason))
    const [first] = missing
    return {
      packages: catalogue.packages.map(withoutPlace),
      ...(first !== undefined && {
        notCovered:
          missing.length === 1
            ? first.reason
            : `${first.reason} And ${missing.length - 1} more entries like it.`,
      }),
    }
  },
}

/** Such SBOMs also list the repository from which a package was built, which is not in the image. */
function namesSource(reason: string): boolean {
  return /by pkg:(?:github|gitlab|bitbucket)\//.test(reason)
}

function withoutPlace(found: CataloguedPackage): Omit<CataloguedPackage, 'layer' | 'path'> {
  const { layer: _layer, path: _path, ...rest } = found
  return rest
}
