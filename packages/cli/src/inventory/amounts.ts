import type { Cost } from './report.ts'

/** An amount of money with two digits, or as many as it takes to be more than nothing. */
export function formatAmount(amount: number, currency: Cost['currency']): string {
  const digits = amount === 0 || amount >= 0.01 ? 2 : 4
  return `${amount.toFixed(digits)}${currency === '' ? '' : ` ${currency}`}`
}

/** `34 %`; nothing of nothing is 0. */
export function formatPercent(part: number, whole: number): string {
  return `${whole === 0 ? 0 : Math.round((part / whole) * 100)} %`
}
