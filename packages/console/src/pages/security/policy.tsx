import { ApiProblem } from '@berth/api/client.ts'
import { readInstancePolicy, readPolicy } from '@berth/api/policies.ts'
import { useState } from 'react'
import { policyText as text } from '../../text/policy.ts'
import { shellText } from '../../text/shell.ts'
import { PageLink } from '../../ui/link.tsx'
import { Fault, Lines } from '../../ui/states.tsx'
import { InheritedRules } from './inherited-rules.tsx'
import { PolicyEditor } from './policy-editor.tsx'
import { type Scope, ScopedPage, useScoped, useScopeRights } from './scope.tsx'

/** The policy of a project, or of the instance: `?project=`. */
export default function PolicyPage() {
  return (
    <ScopedPage
      title={text.list.title}
      titleOf={(scope) => (scope === '' ? text.titleOfInstance : text.title(scope))}
      lead={text.lead}
      above={<PageLink to="/security/policies">{shellText.navigation.policies}</PageLink>}
    >
      {(scope) => <PolicyOf key={scope} scope={scope} />}
    </ScopedPage>
  )
}

function PolicyOf({ scope }: { scope: Scope }) {
  const policy = useScoped(scope, { project: readPolicy, instance: readInstancePolicy })
  const { mayManagePolicy, isKnown } = useScopeRights(scope)
  // Having none is no fault.
  const isNone = policy.error instanceof ApiProblem && policy.error.status === 404
  const isThere = (policy.data !== undefined || isNone) && isKnown
  // From then on it stays, and with it what is edited, whatever a later try to read says.
  const [isOpen, setOpen] = useState(isThere)
  if (isThere && !isOpen) setOpen(true)
  if (!isThere && !isOpen) {
    if (policy.error === null || isNone) return <Lines count={8} />
    return <Fault error={policy.error} onRetry={() => void policy.refetch()} />
  }
  return (
    <PolicyEditor
      scope={scope}
      inForce={isNone ? undefined : policy.data?.body}
      reload={async () => (await policy.refetch()).data?.body}
      mayManage={mayManagePolicy}
      below={scope !== '' && <InheritedRules scope={scope} />}
    />
  )
}
