import type { Cost } from './report.ts'

/** An amount of money with two digits; what is less than the smallest of those is said to be. */
export function formatAmount(amount: number, currency: Cost['currency']): string {
  const text = amount > 0 && amount < 0.01 ? '<0.01' : amount.toFixed(2)
  return currency === '' ? text : `${text} ${currency}`
}

/** `34 %`; nothing of nothing is 0. */
export function formatPercent(part: number, whole: number): string {
  return `${whole === 0 ? 0 : Math.round((part / whole) * 100)} %`
}
