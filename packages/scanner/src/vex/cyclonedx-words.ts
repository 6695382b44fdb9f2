import type { VexJudgement } from '../finding.ts'

type Status = VexJudgement['status']

/** CycloneDX's states for the four of VEX. https://cyclonedx.org/docs/1.6/json/#vulnerabilities_items_analysis_state */
export const cycloneDxStates: Readonly<Record<Status, string>> = {
  not_affected: 'not_affected',
  affected: 'exploitable',
  fixed: 'resolved',
  under_investigation: 'in_triage',
}

/** The other way round: CycloneDX has two words more. */
export const vexStatuses: Readonly<Record<string, Status>> = {
  not_affected: 'not_affected',
  false_positive: 'not_affected',
  exploitable: 'affected',
  resolved: 'fixed',
  resolved_with_pedigree: 'fixed',
  in_triage: 'under_investigation',
}

/** CycloneDX's justifications for OpenVEX's. */
export const cycloneDxJustifications: Readonly<Record<string, string>> = {
  component_not_present: 'code_not_present',
  vulnerable_code_not_present: 'code_not_present',
  vulnerable_code_not_in_execute_path: 'code_not_reachable',
  vulnerable_code_cannot_be_controlled_by_adversary: 'requires_environment',
  inline_mitigations_already_exist: 'protected_by_mitigating_control',
  // Words of CycloneDX itself, as they came in a document.
  code_not_present: 'code_not_present',
  code_not_reachable: 'code_not_reachable',
  requires_configuration: 'requires_configuration',
  requires_dependency: 'requires_dependency',
  requires_environment: 'requires_environment',
  protected_by_compiler: 'protected_by_compiler',
  protected_at_runtime: 'protected_at_runtime',
  protected_at_perimeter: 'protected_at_perimeter',
  protected_by_mitigating_control: 'protected_by_mitigating_control',
}
