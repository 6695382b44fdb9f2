import {
  deleteInstancePolicy,
  deletePolicy,
  listPolicies,
  readInstancePolicy,
  readPolicy,
} from '@berth/api/policies.ts'
import { Button } from '@mantine/core'
import { useState } from 'react'
import { useApiAction } from '../../api/queries.ts'
import { policyText as text } from '../../text/policy.ts'
import { Confirm } from '../../ui/confirm.tsx'
import { notifyDone } from '../../ui/notify.ts'
import { type Scope, scoped } from './scope.tsx'

const pair = { project: deletePolicy, instance: deleteInstancePolicy }

export function RemovePolicy({
  scope,
  policy,
  onDone,
}: {
  scope: Scope
  policy: { readonly version: number }
  onDone: () => void
}) {
  const [isOpen, setOpen] = useState(false)
  const remove = useApiAction(scoped(scope, pair).route, {
    changes: [readPolicy, readInstancePolicy, listPolicies],
    onDone: () => {
      notifyDone(text.removed)
      onDone()
    },
  })
  return (
    <>
      <Button variant="default" onClick={() => setOpen(true)}>
        {text.remove}
      </Button>
      <Confirm
        isOpen={isOpen}
        title={text.removeTitle}
        typed={scope === '' ? text.removeTyped : scope}
        action={text.remove}
        onConfirm={() =>
          remove.mutateAsync(scoped(scope, pair, { ifMatch: policy.version }).request)
        }
        onClose={() => setOpen(false)}
      >
        {text.removeText}
      </Confirm>
    </>
  )
}
