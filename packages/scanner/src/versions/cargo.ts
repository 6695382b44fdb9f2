import type { Scheme } from './scheme.ts'
import { compareSemantic, readSemantic, type SemanticVersion } from './semantic.ts'

/** https://doc.rust-lang.org/cargo/reference/resolver.html#semver-compatibility: semver.org, nothing loose. */
export const cargo: Scheme<SemanticVersion> = { read: readSemantic, compare: compareSemantic }
