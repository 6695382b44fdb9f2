type SkeletonProps = {
  /** Pixels. */
  readonly height: number
  readonly width?: string
  /** Said by screen readers, where nothing around it says that something is loading. */
  readonly label?: string
}

/** Stands in the place of what is loading. Pages begin with dozens of them, so each is one element that stands still. */
export function Bone({ height, width = '100%' }: SkeletonProps) {
  return <span className="berth-bone" aria-hidden style={{ height, width }} />
}

/** One that stands alone, and moves; several move together, by `berth-skeleton` on what holds them. */
export function Skeleton({ label, ...size }: SkeletonProps) {
  return (
    <div
      className="berth-skeleton"
      {...(label !== undefined && { role: 'status', 'aria-label': label })}
    >
      <Bone {...size} />
    </div>
  )
}
