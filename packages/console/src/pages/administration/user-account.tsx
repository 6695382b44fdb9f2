import { readUserSecondFactor, resetSecondFactor } from '@berth/api/second-factor.ts'
import { setUserPassword, updateUser, type user } from '@berth/api/users.ts'
import { Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import type * as z from 'zod'
import { useApi, useApiAction } from '../../api/queries.ts'
import { peopleText } from '../../text/people.ts'
import { useApiForm } from '../../ui/api-form.ts'
import { Confirm } from '../../ui/confirm.tsx'
import { notifyDone } from '../../ui/notify.ts'
import { Section } from '../../ui/page.tsx'
import { Nothing, Show } from '../../ui/states.tsx'
import { Moment } from '../../ui/time.tsx'
import { FormEnd } from '../../ui/form-end.tsx'
import { RoleField } from './role-field.tsx'
import { PasswordField } from '../../ui/password-field.tsx'

const text = peopleText.user

type Props = {
  readonly user: z.output<typeof user>
  readonly version: number | undefined
  readonly mayManage: boolean
}

/** Name, e-mail, role, password and second factor of a user. */
export function UserAccount(props: Props) {
  return (
    <Stack gap="xl">
      <Details {...props} />
      {props.mayManage && props.user.source === 'local' && <Password name={props.user.name} />}
      <SecondFactor name={props.user.name} mayManage={props.mayManage} />
    </Stack>
  )
}

function Details({ user: { name, role, displayName, email }, version, mayManage }: Props) {
  const update = useApiAction(updateUser)
  const { form, fault, isSending, onSubmit } = useApiForm({
    schema: updateUser.body,
    initial: { displayName: displayName ?? '', email: email ?? '', role },
    toBody: (values) => ({
      role: values.role,
      displayName: values.displayName === '' ? null : values.displayName,
      email: values.email === '' ? null : values.email,
    }),
    send: (body) => update.mutateAsync({ params: { user: name }, body, ifMatch: version }),
    onDone: () => notifyDone(text.saved),
  })
  return (
    <Section title={text.profile}>
      <form onSubmit={onSubmit} noValidate className="berth-panel">
        <Stack p="md">
          <TextInput
            label={peopleText.displayName}
            disabled={!mayManage}
            {...form.getInputProps('displayName')}
          />
          <TextInput
            label={peopleText.email}
            type="email"
            disabled={!mayManage}
            {...form.getInputProps('email')}
          />
          <RoleField
            value={form.values.role}
            onChange={(value) => form.setFieldValue('role', value)}
            error={form.errors['role']}
            isDisabled={!mayManage}
          />
          {mayManage && <FormEnd fault={fault} action={text.save} isSending={isSending} />}
        </Stack>
      </form>
    </Section>
  )
}

function Password({ name }: { name: string }) {
  const action = useApiAction(setUserPassword)
  const { form, fault, isSending, onSubmit, reset } = useApiForm({
    schema: setUserPassword.body,
    initial: { password: '' },
    send: (body) => action.mutateAsync({ params: { user: name }, body }),
    onDone: () => {
      reset()
      notifyDone(text.passwordSet)
    },
  })
  return (
    <Section title={text.setPassword} lead={text.setPasswordLead}>
      <form onSubmit={onSubmit} noValidate className="berth-panel">
        <Stack p="md">
          <PasswordField
            label={peopleText.password}
            description={peopleText.passwordHint}
            autoComplete="new-password"
            {...form.getInputProps('password')}
          />
          <FormEnd fault={fault} action={text.setPassword} isSending={isSending} />
        </Stack>
      </form>
    </Section>
  )
}

function SecondFactor({ name, mayManage }: { name: string; mayManage: boolean }) {
  const [isAsked, setAsked] = useState(false)
  const factor = useApi(readUserSecondFactor, { params: { user: name } })
  const reset = useApiAction(resetSecondFactor)
  return (
    <Section title={text.secondFactor}>
      <Show of={factor}>
        {({ body: { active, since } }) =>
          active ? (
            <Group className="berth-panel" px="md" py="sm" justify="space-between">
              <Text size="sm">
                {text.factorSince} {since !== null && <Moment at={since} />}
              </Text>
              {mayManage && (
                <Button variant="default" onClick={() => setAsked(true)}>
                  {text.resetFactor}
                </Button>
              )}
            </Group>
          ) : (
            <Nothing>{text.noFactor}</Nothing>
          )
        }
      </Show>
      <Confirm
        isOpen={isAsked}
        title={text.resetFactorTitle}
        action={text.resetFactor}
        onConfirm={async () => {
          await reset.mutateAsync({ params: { user: name } })
          notifyDone(text.factorReset)
        }}
        onClose={() => setAsked(false)}
      >
        {text.resetFactorLead}
      </Confirm>
    </Section>
  )
}
