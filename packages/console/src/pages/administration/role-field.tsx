import type { instanceRole } from '@berth/api/users.ts'
import { Select } from '@mantine/core'
import type { ReactNode } from 'react'
import type * as z from 'zod'
import { peopleText } from '../../text/people.ts'

export type InstanceRole = z.output<typeof instanceRole>

/** The one that may do most comes first. */
export const instanceRoles: readonly InstanceRole[] = [
  'admin',
  'auditor',
  'maintainer',
  'developer',
  'reader',
  'none',
]

/** Chooses a role on the instance, and says what it means. */
export function RoleField({
  value,
  onChange,
  error,
  isDisabled = false,
}: {
  value: InstanceRole
  onChange: (role: InstanceRole) => void
  error?: ReactNode
  isDisabled?: boolean
}) {
  return (
    <Select
      label={peopleText.role}
      description={peopleText.rolesMean[value]}
      data={instanceRoles.map((role) => ({ value: role, label: peopleText.roles[role] }))}
      value={value}
      allowDeselect={false}
      disabled={isDisabled}
      error={error}
      onChange={(role) => {
        const chosen = instanceRoles.find((each) => each === role)
        if (chosen) onChange(chosen)
      }}
    />
  )
}
