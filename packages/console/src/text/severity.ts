/** The words for how bad a finding is. */
export const severityText = {
  critical: 'Critical',
  high: 'High',
  medium: 'Medium',
  low: 'Low',
  negligible: 'Negligible',
  unknown: 'Unknown',
  none: 'No findings',
  short: {
    critical: 'crit',
    high: 'high',
    medium: 'med',
    low: 'low',
    negligible: 'negl',
    unknown: 'unkn',
  },
  counted: (severity: string, count: number) => `${count} ${severity}`,
}
