import { ApiProblem } from '@berth/api/client.ts'
import {
  listPolicies,
  readInstancePolicy,
  readPolicy,
  setInstancePolicy,
  setPolicy,
} from '@berth/api/policies.ts'
import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core'
import type * as z from 'zod'
import { useApiAction } from '../../api/queries.ts'
import { policyText as text } from '../../text/policy.ts'
import { uiText } from '../../text/ui.ts'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { notifyDone } from '../../ui/notify.ts'
import { PolicyDiff } from './policy-diff.tsx'
import { type Scope, scoped } from './scope.tsx'

export type Policy = z.output<typeof readPolicy.answer>

const pair = { project: setPolicy, instance: setInstancePolicy }

/** What changes against what is in force, before it is put into force. */
export function ReviewDialog({
  scope,
  base,
  document,
  faultCount,
  isOpen,
  reload,
  onBase,
  onSaved,
  onClose,
}: {
  scope: Scope
  /** What the changes are compared with, and what they replace. */
  base: Policy | undefined
  document: string
  faultCount: number
  isOpen: boolean
  reload: () => Promise<Policy | undefined>
  onBase: (policy: Policy | undefined) => void
  onSaved: (policy: Policy) => void
  onClose: () => void
}) {
  const save = useApiAction(scoped(scope, pair).route, {
    changes: [readPolicy, readInstancePolicy, listPolicies],
    onDone: (policy) => {
      notifyDone(text.saved)
      onSaved(policy)
      onClose()
    },
  })
  const isConflict = save.error instanceof ApiProblem && save.error.status === 412
  const close = () => {
    save.reset()
    onClose()
  }
  const compareAgain = async () => {
    onBase(await reload())
    save.reset()
  }
  return (
    <Modal opened={isOpen} onClose={close} title={text.reviewTitle} size="xl">
      <Stack gap="sm">
        <Text size="sm">{text.reviewLead}</Text>
        <PolicyDiff before={base?.document ?? ''} after={document} label={text.reviewTitle} />
        {faultCount > 0 && <Alert color="red">{text.hasFaults(faultCount)}</Alert>}
        {isConflict ? (
          <Alert color="red" role="alert" title={text.conflictTitle}>
            <Stack gap="xs" align="flex-start">
              {text.conflict}
              <Button variant="default" onClick={() => void compareAgain()}>
                {text.compareAgain}
              </Button>
            </Stack>
          </Alert>
        ) : (
          save.error && (
            <Alert color="red" role="alert">
              <ForeignText
                text={save.error instanceof ApiProblem ? save.error.message : uiText.away}
              />
            </Alert>
          )
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {uiText.cancel}
          </Button>
          <Button
            disabled={faultCount > 0 || isConflict}
            loading={save.isPending}
            onClick={() =>
              save.mutate(
                scoped(scope, pair, { body: { document }, ifMatch: base?.version }).request,
              )
            }
          >
            {text.save}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
