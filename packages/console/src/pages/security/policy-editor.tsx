import { Alert, Button, Grid, Group, SegmentedControl, Stack, Text } from '@mantine/core'
import { type ReactNode, useMemo, useState } from 'react'
import { policyText as text } from '../../text/policy.ts'
import { useFilters } from '../../ui/filters.ts'
import { Empty } from '../../ui/states.tsx'
import { Ago } from '../../ui/time.tsx'
import { LeaveGuard } from './leave-guard.tsx'
import { draughtOf, faultsIn, type RuleFault, withDrafts, withText } from './policy-document.ts'
import { faultsOfTrial, PolicyPreview, usePolicyTrial } from './policy-preview.tsx'
import { PolicyYaml } from './policy-yaml.tsx'
import { RemovePolicy } from './remove-policy.tsx'
import { type Policy, ReviewDialog } from './review-dialog.tsx'
import { RuleList } from './rule-list.tsx'
import type { Scope } from './scope.tsx'

/** Rules as forms and as YAML, what they would do beside them. */
export function PolicyEditor({
  scope,
  inForce,
  reload,
  mayManage,
  below,
}: {
  scope: Scope
  /** `undefined`: there is none. */
  inForce: Policy | undefined
  reload: () => Promise<Policy | undefined>
  mayManage: boolean
  /** Stands under the rules. */
  below: ReactNode
}) {
  const [filters, setFilters] = useFilters()
  const [draught, setDraught] = useState(() => draughtOf(inForce?.document))
  // What the changes began with: what is in force may be another meanwhile.
  const [base, setBase] = useState(inForce)
  const [isReviewing, setReviewing] = useState(false)
  const isDirty = draught.text !== draughtOf(base?.document).text
  const trial = usePolicyTrial(scope, draught.text, mayManage)
  const serverFaults = faultsOfTrial(trial.error)
  const isYaml = filters.view === 'yaml'
  const faults = useMemo(
    () => (draught.isBroken ? [] : faultsIn(draught.drafts)),
    [draught.isBroken, draught.drafts],
  )
  const faultCount = Math.max(faults.length, serverFaults.length, Number(draught.isBroken))
  const take = (policy: Policy | undefined) => {
    setBase(policy)
    setDraught(draughtOf(policy?.document))
  }
  const editor = (
    <Stack gap="sm">
      {draught.drafts.length === 0 && !isYaml && (
        <Empty title={text.none}>{mayManage ? text.noneLead : text.noneReadLead}</Empty>
      )}
      {isYaml ? (
        <PolicyYaml
          document={draught.text}
          faults={serverFaults}
          onChange={(document) => setDraught((before) => withText(before, document))}
          isReadOnly={!mayManage}
        />
      ) : draught.isBroken ? (
        <Alert color="red">{text.brokenYaml}</Alert>
      ) : (
        <RuleList
          drafts={draught.drafts}
          faults={[...faults, ...otherFaults(serverFaults, faults)]}
          onChange={(drafts) => setDraught((before) => withDrafts(before, drafts))}
          isReadOnly={!mayManage}
        />
      )}
      {below}
    </Stack>
  )
  return (
    <Stack gap="md">
      <Group justify="space-between" gap="xs">
        <Group gap="sm">
          <SegmentedControl
            aria-label={text.view}
            data={(['rules', 'yaml'] as const).map((value) => ({
              value,
              label: text.views[value],
            }))}
            value={isYaml ? 'yaml' : 'rules'}
            onChange={(view) => setFilters({ view: view === 'yaml' ? view : undefined })}
          />
          <Text size="sm" className="berth-quiet" role="status">
            {isDirty ? text.unsaved : base && <Changed policy={base} />}
          </Text>
        </Group>
        {mayManage ? (
          <Group gap="xs">
            {inForce && !isDirty && (
              <RemovePolicy scope={scope} policy={inForce} onDone={() => take(undefined)} />
            )}
            {isDirty && (
              <Button variant="default" onClick={() => take(base)}>
                {text.discard}
              </Button>
            )}
            <Button disabled={!isDirty} onClick={() => setReviewing(true)}>
              {text.review}
            </Button>
          </Group>
        ) : (
          <Text size="sm">{text.readOnly}</Text>
        )}
      </Group>
      {mayManage ? (
        <Grid gap="lg">
          <Grid.Col span={{ base: 12, lg: 7 }}>{editor}</Grid.Col>
          <Grid.Col span={{ base: 12, lg: 5 }}>
            <PolicyPreview trial={trial} />
          </Grid.Col>
        </Grid>
      ) : (
        editor
      )}
      <ReviewDialog
        scope={scope}
        base={base}
        document={draught.text}
        faultCount={faultCount}
        isOpen={isReviewing}
        reload={reload}
        onBase={setBase}
        onSaved={take}
        onClose={() => setReviewing(false)}
      />
      <LeaveGuard isActive={isDirty} />
    </Stack>
  )
}

function Changed({ policy: { updatedAt, updatedBy } }: { policy: Policy }) {
  return (
    <>
      {text.changedBy(updatedBy)} <Ago at={updatedAt} />
    </>
  )
}

const rulePath = /rules\[(\d+)\]\.?([\w.[\]]*)/

/** What only the server checks, such as patterns, beside the field it is about. */
function otherFaults(
  serverFaults: readonly string[],
  known: readonly RuleFault[],
): readonly RuleFault[] {
  if (known.length > 0) return []
  return serverFaults.flatMap((message) => {
    const [, rule, path = ''] = rulePath.exec(message) ?? []
    if (rule === undefined) return []
    return [{ rule: Number(rule), path: path.replaceAll(/\[(\d+)\]/g, '.$1'), message }]
  })
}
