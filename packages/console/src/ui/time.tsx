import { formatAgo, formatMoment } from './units.ts'

/** How long ago; the exact moment, in the time zone of whoever looks, is its title. Nothing for `null`. */
export function Ago({ at, never = '' }: { at: string | null | undefined; never?: string }) {
  if (at === null || at === undefined) return <>{never}</>
  return (
    <time dateTime={at} title={formatMoment(at)}>
      {formatAgo(at)}
    </time>
  )
}

/** A moment, in the time zone of whoever looks. */
export function Moment({ at }: { at: string }) {
  return <time dateTime={at}>{formatMoment(at)}</time>
}
