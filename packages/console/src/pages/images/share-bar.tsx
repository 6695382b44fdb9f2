import classes from './images.module.css'

/** A size as a share of a whole: `label` says the same in words. */
export function ShareBar({ share, label }: { share: number; label: string }) {
  return (
    <span className={classes.share} title={label} aria-hidden>
      <span style={{ width: `${Math.min(100, Math.max(0, share * 100))}%` }} />
    </span>
  )
}
