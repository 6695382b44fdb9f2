import { stat } from 'node:fs/promises'
import { ClientError } from '@berth/client/client-error.ts'
import { parsePlatform } from '@berth/oci/platform.ts'
import { Unreadable } from '@berth/scanner/detector.ts'
import { catalogueDirectory } from '@berth/scanner/layers/directory.ts'
import { readSbom } from '@berth/scanner/sbom/read-sbom.ts'
import type { CommandContext } from '../context.ts'
import { formatLocation, openSource, parseLocation, pathOf } from '../location.ts'
import { readInput } from '../sign/read-input.ts'
import { catalogueImage } from './catalogue-image.ts'
import type { Scanned } from './scanned.ts'

const sbomBytesMax = 256 * 1024 * 1024

/**
 * Catalogues an image wherever it is, a folder (`dir:`), or reads an SBOM (`sbom:`). Throws `notFound`,
 * `platformMissing`, `inputInvalid` for a folder or an SBOM that cannot be read.
 */
export async function catalogueSubject(
  context: CommandContext,
  text: string,
  given: { readonly platform?: string | undefined },
): Promise<Scanned> {
  if (text.startsWith('dir:')) return catalogueFolder(context, text.slice('dir:'.length))
  if (text.startsWith('sbom:')) return readSbomFile(context, text.slice('sbom:'.length))
  const location = parseLocation(text)
  const platform = given.platform === undefined ? undefined : parsePlatform(given.platform)
  return context.output.withProgress(async ({ onTransfer }) => {
    const { source, reference, close } = await openSource(location, context, onTransfer)
    try {
      return await catalogueImage(context, source, reference, {
        name: formatLocation(location),
        platform,
        onTransfer,
      })
    } finally {
      await close()
    }
  })
}

async function catalogueFolder(context: CommandContext, path: string): Promise<Scanned> {
  const folder = pathOf(path, context.terminal.cwd)
  const found = await stat(folder).catch(() => undefined)
  if (!found?.isDirectory()) {
    throw new ClientError('inputInvalid', `dir:${path} is no folder that can be read.`)
  }
  const { detectors } = await import('@berth/scanner/detectors/detectors.ts')
  const { lockFileDetectors } = await import(
    '@berth/scanner/detectors/lock-files/lock-file-detectors.ts'
  )
  const catalogue = await catalogueDirectory(folder, {
    signal: context.signal,
    // A project tells in its lock files what it will install; an image tells what it has.
    detectors: [...detectors, ...lockFileDetectors],
  })
  return { artifact: { name: path }, catalogue }
}

async function readSbomFile(context: CommandContext, file: string): Promise<Scanned> {
  const bytes = await readInput(context, file, { flag: 'sbom:', maxBytes: sbomBytesMax })
  try {
    return { artifact: { name: file }, catalogue: readSbom(bytes) }
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    throw new ClientError('inputInvalid', `sbom:${file} cannot be read: ${error.message}`, {
      next: 'SPDX 2.2 and 2.3 and CycloneDX 1.2 to 1.6 are read, as JSON.',
      cause: error,
    })
  }
}
