import type { evaluation } from '@berth/api/decisions.ts'
import type * as z from 'zod'
import type { EvaluationView } from '../../policy/decisions.ts'

/** What a policy says, as the API has it. */
export function toEvaluation(view: EvaluationView): z.input<typeof evaluation> {
  return {
    decision: view.decision,
    message: view.message,
    violations: view.violations.map((violation) => ({
      project: violation.project,
      rule: violation.rule,
      template: violation.template,
      mode: violation.mode,
      subject: violation.subject,
      found: violation.found,
      wanted: violation.wanted,
      fix: violation.fix ?? null,
      platform: violation.platform ?? null,
      score: violation.score ?? null,
      due: violation.due ?? null,
    })),
    moreViolations: view.moreViolations,
    suppressed: view.suppressed.map((each) => ({ ...each, endsAt: each.endsAt ?? null })),
    validUntil: view.validUntil ?? null,
  }
}
