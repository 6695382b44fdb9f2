import { inflateSync } from 'node:zlib'
import { z } from 'zod'
import { type Detected, ScanLimit, Unreadable } from '../../detector.ts'
import { packageUrl } from '../../purl.ts'
import type { FilePositions } from '../file-positions.ts'
import type { Executable } from './program.ts'

/** What cargo-auditable itself accepts. */
const maxInflatedBytes = 8 * 1024 ** 2

const auditSchema = z.object({
  packages: z.array(
    z.object({
      name: z.string().min(1).max(256),
      version: z.string().min(1).max(256),
      kind: z.string().default('runtime'),
    }),
  ),
})

/**
 * The crates of a Rust program built with cargo-auditable: section `.dep-v0`, zlib, JSON
 * (https://github.com/rust-secure-code/cargo-auditable/blob/master/PARSING.md); undefined for other programs. Crates that
 * were only used for building are left out. Throws `Unreadable` and `ScanLimit`.
 */
export function detectRust(file: FilePositions, program: Executable): Detected | undefined {
  const section = program.sections.find(({ name }) => name === '.dep-v0')
  if (section === undefined) return undefined
  if (section.size > maxInflatedBytes) {
    throw new ScanLimit(`the list of crates has more than ${maxInflatedBytes} bytes`)
  }
  const bytes = file.read(section.offset, section.size, 'the list of crates')
  const { packages } = readAudit(bytes)
  return {
    packages: packages
      .filter(({ kind }) => kind === 'runtime')
      .map(({ name, version }) => ({
        kind: 'cargo',
        name,
        version,
        purl: packageUrl({ kind: 'cargo', name, version }),
        licenses: [],
      })),
  }
}

function readAudit(bytes: Buffer): z.infer<typeof auditSchema> {
  let inflated: Buffer
  try {
    inflated = inflateSync(bytes, { maxOutputLength: maxInflatedBytes })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') {
      throw new ScanLimit(`the list of crates inflates to more than ${maxInflatedBytes} bytes`)
    }
    throw new Unreadable('the list of crates (section .dep-v0) is not zlib')
  }
  try {
    return auditSchema.parse(JSON.parse(inflated.toString('utf8')))
  } catch {
    throw new Unreadable('the list of crates (section .dep-v0) is not what cargo-auditable writes')
  }
}
