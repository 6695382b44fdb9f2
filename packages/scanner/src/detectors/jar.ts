import type { Detector } from '../detector.ts'
import { defaultLimits } from '../limits.ts'
import { withFilePositions } from './file-positions.ts'
import { type ArchiveContents, isJavaArchive, readArchive } from './jar/archive.ts'

/** Archives of Java, also inside one another, and everything that was packed into them with its Maven properties. */
export const jar: Detector = {
  name: 'jar',
  wants: ({ path, size }) => size > 0 && isJavaArchive(path),
  detect: (file) =>
    withFilePositions(file, defaultLimits.fileBytes, async (positions) => {
      const contents = await readArchive(positions, file.path)
      return { placed: contents.packages, notCovered: describe(contents) }
    }),
}

function describe({ unnamed, groupless, broken }: ArchiveContents): string | undefined {
  const sentences = [
    sentence('no name and version of its own is recorded of', unnamed),
    sentence('the Maven group is not recorded and was taken to be the name of', groupless),
    sentence('could not be read:', broken),
  ].filter((text) => text !== undefined)
  return sentences.length === 0 ? undefined : `In a Java archive: ${sentences.join('; ')}`
}

function sentence(what: string, items: readonly string[]): string | undefined {
  if (items.length === 0) return undefined
  const more = items.length > 3 ? ` and ${items.length - 3} more` : ''
  return `${what} ${items.slice(0, 3).join(', ')}${more}`
}
