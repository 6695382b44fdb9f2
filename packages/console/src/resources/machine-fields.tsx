import { Checkbox, SimpleGrid, Textarea } from '@mantine/core'
import type { ReactNode } from 'react'
import { machineText as text } from '../text/machines.ts'
import { keysText } from '../text/profile.ts'

export type Action = keyof typeof keysText.actions
const actions = Object.keys(keysText.actions) as Action[]

/** As the fields of a form hold it. */
type Limits = { actions: Action[]; repositories: string; allowedAddresses: string }

type Form = {
  readonly values: Limits
  readonly errors: Readonly<Record<string, ReactNode>>
  setFieldValue(name: 'actions', value: Action[]): void
  getInputProps(name: keyof Limits): object
}

/** How far a robot or a rule for workloads reaches: what, where, and from where. */
export function MachineFields({ form }: { form: Form }) {
  return (
    <>
      <Checkbox.Group
        label={text.actions}
        description={text.actionsHint}
        value={form.values.actions}
        onChange={(chosen) =>
          form.setFieldValue(
            'actions',
            actions.filter((action) => chosen.includes(action)),
          )
        }
        error={form.errors['actions'] === undefined ? undefined : keysText.actionsMissing}
      >
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs" verticalSpacing="xs" my={6}>
          {actions.map((action) => (
            <Checkbox key={action} value={action} label={keysText.actions[action]} />
          ))}
        </SimpleGrid>
      </Checkbox.Group>
      {(['repositories', 'allowedAddresses'] as const).map((name) => (
        <Textarea
          key={name}
          label={name === 'repositories' ? text.repositories : text.addresses}
          description={name === 'repositories' ? text.repositoriesHint : text.addressesHint}
          autosize
          minRows={name === 'repositories' ? 2 : 1}
          maxRows={8}
          spellCheck={false}
          autoCapitalize="none"
          {...form.getInputProps(name)}
        />
      ))}
    </>
  )
}
