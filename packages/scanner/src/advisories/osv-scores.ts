import type { Score } from '../finding.ts'
import type { OsvRecord } from './osv-record.ts'
export function scoresOfOsv(record: OsvRecord): Score[] {
  void record
  return []
}
