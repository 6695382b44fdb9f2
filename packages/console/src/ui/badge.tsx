import type { ReactNode } from 'react'

export type BadgeColor = 'red' | 'orange' | 'amber' | 'blue' | 'teal' | 'gray' | 'plain'

/** A word in a coloured box; `plain`: in a line only. Lists have many of them, so it is one element. */
export function Badge({
  color,
  title,
  children,
}: {
  readonly color: BadgeColor
  readonly title?: string
  readonly children: ReactNode
}) {
  return (
    <span className="berth-badge" data-color={color} title={title}>
      {children}
    </span>
  )
}
