import type { Detector } from '../detector.ts'
import { defaultLimits } from '../limits.ts'
import { detectGo } from './executable/go.ts'
import { detectRust } from './executable/rust.ts'
import { isExecutableHead, readExecutable } from './executable/read-executable.ts'
import { withFilePositions } from './file-positions.ts'

/** Programs of Go and Rust, in the formats of Linux, Windows and macOS. */
export const executable: Detector = {
  name: 'executable',
  wants: ({ path, isExecutable, size }) => size > 0 && (isExecutable || path.endsWith('.exe')),
  wantsHead: isExecutableHead,
  async detect(file) {
    if (isPacked(file.head)) {
      return { notCovered: 'a program packed by UPX: what is inside cannot be read' }
    }
    return withFilePositions(file, defaultLimits.fileBytes, (positions) => {
      const program = readExecutable(positions)
      return detectRust(positions, program) ?? detectGo(positions, program) ?? {}
    })
  },
}

/** UPX marks what it packed close to the start. */
function isPacked(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(0, 1024)).includes('UPX!')
}
