type Part = {
  readonly label: string
  /** Of the whole, 0 to 1; what is beyond is cut off. */
  readonly share: number
  readonly tone?: 'light' | 'alarm'
}

/** How much of something is used, as parts of a bar. Lists have many of them, so it is plain elements; work that goes on has `Progress`. */
export function Meter({
  parts,
  isLarge = false,
}: {
  readonly parts: readonly Part[]
  readonly isLarge?: boolean
}) {
  return (
    <div className="berth-meter" data-large={isLarge || undefined}>
      {parts.map(({ label, share, tone }) => {
        const percent = Math.min(Math.max(share, 0), 1) * 100
        return (
          <div
            key={label}
            role="meter"
            aria-label={label}
            aria-valuemin={0}
            aria-valuemax={100}
            aria-valuenow={Math.round(percent)}
            data-tone={tone}
            style={{ width: `${percent}%` }}
          />
        )
      })}
    </div>
  )
}

/** The tone of what has a limit. */
export function toneOf(share: number): { readonly tone?: 'alarm' } {
  return share > 0.9 ? { tone: 'alarm' } : {}
}
