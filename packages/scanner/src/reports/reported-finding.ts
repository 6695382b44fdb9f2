import type { PackageFinding, VexJudgement } from '../finding.ts'
import type { CataloguedPackage } from '../package.ts'

/** A finding as a report lists it: judged away or not. */
export type ReportedFinding = PackageFinding & { readonly vex?: VexJudgement }

/** Whether a package belongs to the distribution rather than to a language. */
export function isOfDistribution({ kind }: Pick<CataloguedPackage, 'kind'>): boolean {
  return kind === 'deb' || kind === 'apk' || kind === 'rpm'
}
