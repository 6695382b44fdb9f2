import { explainDecision } from '@berth/api/decisions.ts'
import { Code, NativeSelect, Stack, Text } from '@mantine/core'
import { IconAlertTriangle, IconBan, IconCircleCheck } from '@tabler/icons-react'
import type * as z from 'zod'
import { useApi } from '../../api/queries.ts'
import { imageSecurityText } from '../../text/image-security.ts'
import { useFilters } from '../../ui/filters.ts'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { KeyValues } from '../../ui/key-values.tsx'
import { Section } from '../../ui/page.tsx'
import { Show } from '../../ui/states.tsx'
import { Ago } from '../../ui/time.tsx'
import { PardonTable, ViolationTable } from './decision-tables.tsx'
import { shortDigest, useImage } from './image-context.ts'
import classes from './images.module.css'

const text = imageSecurityText.decision
const icons = { allow: IconCircleCheck, warn: IconAlertTriangle, deny: IconBan }
const stages = ['pull', 'push', 'promotion'] as const

type Answer = z.output<typeof explainDecision.answer>

/** The decision of the policy, rule by rule, with all that it was made by. */
export function Decision() {
  const { repository, reference } = useImage()
  const [filters, setFilters] = useFilters()
  const stage = stages.find((each) => each === filters.stage) ?? 'pull'
  const decision = useApi(
    explainDecision,
    { params: { repository: repository.name, reference }, query: { stage } },
    { keepsPrevious: true },
  )
  return (
    <Section
      title={text.title}
      lead={text.lead}
      actions={
        <NativeSelect
          label={text.stage}
          data={stages.map((value) => ({ value, label: text.stages[value] }))}
          value={stage}
          onChange={({ currentTarget }) => {
            const { value } = currentTarget
            setFilters({ stage: value === 'pull' ? undefined : value })
          }}
        />
      }
    >
      <Show of={decision}>{({ body }) => <Explained answer={body} />}</Show>
    </Section>
  )
}

function Explained({ answer }: { answer: Answer }) {
  const { decision, message, violations, moreViolations, suppressed, validUntil } = answer
  const Icon = icons[decision]
  const hasPolicy = answer.inputs.policies.length > 0
  return (
    <Stack gap="md">
      <div className={classes.verdict} data-decision={decision} role="status">
        <Icon size={18} aria-hidden />
        <strong>{hasPolicy ? text.answers[decision] : text.noPolicy}</strong>
        {validUntil !== null && (
          <span className="berth-quiet">
            {text.until} <Ago at={validUntil} />
          </span>
        )}
      </div>
      {violations.length > 0 && <ViolationTable violations={violations} more={moreViolations} />}
      {suppressed.length > 0 && <PardonTable pardons={suppressed} />}
      {decision === 'deny' && message !== '' && (
        <Stack gap={4}>
          <Text size="sm" className="berth-quiet">
            {text.message}
          </Text>
          <Code block style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
            <ForeignText text={message} max={2000} />
          </Code>
        </Stack>
      )}
      <Inputs inputs={answer.inputs} />
    </Stack>
  )
}

function Inputs({ inputs: { policies, images, signatures, tags } }: Pick<Answer, 'inputs'>) {
  const scans = images.map(({ digest, platform, scan }) =>
    text.scan(platform ?? shortDigest(digest), text.scanStates[scan.state]),
  )
  return (
    <Stack gap={6} component="section" aria-label={text.inputs} className="berth-panel" p="sm">
      <Text size="sm" fw={600}>
        {text.inputs}
      </Text>
      <KeyValues
        items={[
          [
            text.policies,
            list(policies.map(({ project, version }) => text.policy(project, version))),
          ],
          [text.scans, list(scans)],
          [text.signatures, list([...new Set(signatures.map(({ identity }) => identity))])],
          [text.tags, list(tags)],
        ]}
      />
    </Stack>
  )
}

function list(words: readonly string[]) {
  return words.length === 0 ? text.none : <ForeignText text={words.join('; ')} />
}
