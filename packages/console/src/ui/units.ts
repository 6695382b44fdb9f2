const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** Bytes as people say them, in steps of 1000 as disks are sold: `7.9 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let step = 0
  while (Math.abs(value) >= 999.5 && step < units.length - 1) {
    value /= 1000
    step += 1
  }
  const digits = step === 0 || value >= 99.5 ? 0 : 1
  return `${value.toFixed(digits)} ${units[step]}`
}

/** `12,345` */
export function formatCount(count: number): string {
  // What the platform formats numbers with takes milliseconds to load; this is on every page.
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** A count that stops at a limit: `1,000+`. */
export function formatCapped({ count, isMore }: { count: number; isMore: boolean }): string {
  return isMore ? `${formatCount(count)}+` : formatCount(count)
}

/** A share of one: `12 %`. Small but not nothing is `< 1 %`. */
export function formatShare(share: number): string {
  if (share > 0 && share < 0.01) return '< 1 %'
  return `${Math.round(share * 100)} %`
}

/** A time span: `850 ms`, `12 s`, `3 min`, `5 h`, `2 d`. */
export function formatSpan(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  const seconds = milliseconds / 1000
  if (seconds < 90) return `${Math.round(seconds)} s`
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} d`
}

const relative = once(() => new Intl.RelativeTimeFormat('en', { numeric: 'auto' }))
const absolute = once(
  () => new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' }),
)

/** `3 days ago`, `in 2 hours`; `just now` within a minute. */
export function formatAgo(iso: string, now = Date.now()): string {
  const seconds = (Date.parse(iso) - now) / 1000
  const size = Math.abs(seconds)
  if (Number.isNaN(seconds)) return iso
  if (size < 45) return 'just now'
  if (size < 3600) return relative().format(Math.round(seconds / 60), 'minute')
  if (size < 86_400) return relative().format(Math.round(seconds / 3600), 'hour')
  if (size < 60 * 86_400) return relative().format(Math.round(seconds / 86_400), 'day')
  if (size < 730 * 86_400) return relative().format(Math.round(seconds / 2_629_800), 'month')
  return relative().format(Math.round(seconds / 31_557_600), 'year')
}

/** The moment in the time zone of whoever looks, which it names. */
export function formatMoment(iso: string): string {
  const time = Date.parse(iso)
  return Number.isNaN(time) ? iso : absolute().format(time)
}

const day = once(() => new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' }))
const minute = once(() => new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' }))
const second = once(() => new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' }))

/** A mark at an axis of time: as exact as the seconds from one mark to the next ask for. */
export function formatTick(time: number, stepSeconds: number): string {
  if (stepSeconds >= 86_400) return day().format(time)
  return (stepSeconds >= 60 ? minute : second)().format(time)
}

/** Made when it is first wanted: each of them loads data of the language, which the first paint need not wait for. */
function once<Format>(make: () => Format): () => Format {
  let made: Format | undefined
  return () => (made ??= make())
}
