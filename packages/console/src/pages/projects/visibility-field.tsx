import { NativeSelect } from '@mantine/core'
import type { ReactNode } from 'react'
import { projectText as text } from '../../text/projects.ts'

export type VisibilityChoice = keyof typeof text.visibility | 'inherit'

/** Who may pull without being a member; `inherit`: as the project above says, which `above` names. */
export function VisibilityField({
  value,
  onChange,
  error,
  above,
}: {
  value: VisibilityChoice
  onChange: (value: VisibilityChoice) => void
  error?: ReactNode
  above?: string
}) {
  const own = Object.entries(text.visibility).map(([each, label]) => ({ value: each, label }))
  const inherited = above === undefined ? text.inherit : text.settings.asAbove(above)
  return (
    <NativeSelect
      label={text.visibilityTitle}
      description={text.settings.visibilityHint}
      data={[{ value: 'inherit', label: inherited }, ...own]}
      value={value}
      error={error}
      onChange={(event) => onChange(event.currentTarget.value as VisibilityChoice)}
    />
  )
}
