/** The strategies that `tags` in `berth.yaml` may name; any other entry is a literal name or a pattern. */
export const strategyNames = [
  'semver',
  'revision',
  'branch-revision',
  'timestamp',
  'environment',
  'latest',
] as const

export type StrategyName = (typeof strategyNames)[number]
