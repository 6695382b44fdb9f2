import {
  policyRule,
  scanTemplates,
  type TemplateName,
  templateNames,
} from '@berth/api/policy-document.ts'
import {
  Checkbox,
  Group,
  Select,
  SimpleGrid,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core'
import { policyText as text } from '../../text/policy.ts'
import type { RuleFault } from './policy-document.ts'
import { ListField, RuleField } from './rule-field.tsx'
import {
  fieldsOf,
  hintOf,
  type RuleValue,
  templateOf,
  withTemplate,
} from '../../resources/rule-schema.ts'
import { textOf } from '../../resources/rule-words.ts'

const stages = ['pull', 'push', 'promotion'] as const
const modes = ['enforce', 'warn', 'audit'] as const
const unscanned = policyRule.shape.whenUnscanned.unwrap().options

/** All fields of a rule. */
export function RuleForm({
  rule,
  faults,
  onChange,
  isReadOnly,
}: {
  rule: RuleValue
  faults: readonly RuleFault[]
  onChange: (rule: RuleValue) => void
  isReadOnly: boolean
}) {
  const template = templateOf(rule)
  const set = (name: string, value: unknown) => onChange({ ...rule, [name]: value })
  const mode = textOf(rule['mode'] ?? 'enforce')
  const on = Array.isArray(rule['on']) ? rule['on'].map(textOf) : ['pull']
  return (
    <Stack gap="md" p="md" pt={0}>
      {faultsAt(faults, '').map((fault) => (
        <Text key={fault} size="sm" c="red.9" role="alert">
          {fault}
        </Text>
      ))}
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md">
        <TextInput
          label={text.fields.name}
          description={text.fields.nameHint}
          value={textOf(rule['name'])}
          onChange={(event) => set('name', event.currentTarget.value)}
          error={faultsAt(faults, 'name')[0]}
          disabled={isReadOnly}
          required
          spellCheck={false}
        />
        <Select
          label={text.fields.template}
          description={template === undefined ? ' ' : hintOf(template)}
          data={templateNames.map((name) => ({ value: name, label: text.templates[name] }))}
          value={template ?? null}
          onChange={(picked) => {
            if (picked !== null && picked !== template) {
              onChange(withTemplate(rule, picked))
            }
          }}
          allowDeselect={false}
          disabled={isReadOnly}
          searchable
          maxDropdownHeight={320}
        />
        <Select
          label={text.fields.mode}
          description={mode in text.modeHints ? text.modeHints[mode as 'enforce'] : ' '}
          data={modes.map((value) => ({ value, label: text.modes[value] }))}
          value={mode}
          onChange={(picked) => set('mode', picked ?? 'enforce')}
          error={faultsAt(faults, 'mode')[0]}
          allowDeselect={false}
          disabled={isReadOnly}
        />
        <Checkbox.Group
          label={text.fields.on}
          value={on}
          onChange={(picked) =>
            set(
              'on',
              stages.filter((stage) => picked.includes(stage)),
            )
          }
          error={faultsAt(faults, 'on')[0]}
        >
          <Group gap="md" mt={8} mb={4}>
            {stages.map((stage) => (
              <Checkbox
                key={stage}
                value={stage}
                label={text.stages[stage]}
                disabled={isReadOnly}
              />
            ))}
          </Group>
        </Checkbox.Group>
        {template !== undefined &&
          fieldsOf(template).map((field) => (
            <RuleField
              key={`${template}.${field.name}`}
              field={field}
              value={valueIn(rule[template], field.name)}
              fault={faultsAt(faults, `${template}.${field.name}`)[0]}
              onChange={(value) =>
                set(template, { ...(rule[template] as object), [field.name]: value })
              }
              isReadOnly={isReadOnly}
            />
          ))}
      </SimpleGrid>
      {template !== undefined &&
        faultsAt(faults, template, { isExact: true }).map((fault) => (
          <Text key={fault} size="sm" c="red.9" role="alert">
            {fault}
          </Text>
        ))}
      <Scope rule={rule} faults={faults} set={set} isReadOnly={isReadOnly} template={template} />
    </Stack>
  )
}

function Scope({
  rule,
  faults,
  set,
  isReadOnly,
  template,
}: {
  rule: RuleValue
  faults: readonly RuleFault[]
  set: (name: string, value: unknown) => void
  isReadOnly: boolean
  template: TemplateName | undefined
}) {
  const lists = [
    ['repositories', text.fields.repositories, text.fields.repositoriesHint],
    ['tags', text.fields.tags, text.fields.tagsHint],
    ['platforms', text.fields.platforms, text.fields.platformsHint],
  ] as const
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md">
      {lists.map(([name, label, hint]) => (
        <ListField
          key={name}
          label={label}
          description={hint}
          value={rule[name]}
          onChange={(value) => set(name, value)}
          error={faultsAt(faults, name)[0]}
          disabled={isReadOnly}
        />
      ))}
      {template !== undefined && scanTemplates.has(template) && (
        <Select
          label={text.fields.whenUnscanned}
          description={' '}
          data={unscanned.map((value) => ({ value, label: text.unscanned[value] }))}
          value={textOf(rule['whenUnscanned'] ?? 'block')}
          onChange={(picked) => set('whenUnscanned', picked ?? undefined)}
          allowDeselect={false}
          disabled={isReadOnly}
        />
      )}
      <Textarea
        label={text.fields.description}
        description={text.fields.descriptionHint}
        value={textOf(rule['description'])}
        onChange={(event) => set('description', event.currentTarget.value || undefined)}
        error={faultsAt(faults, 'description')[0]}
        disabled={isReadOnly}
        autosize
        minRows={1}
        maxRows={4}
      />
    </SimpleGrid>
  )
}

/** What is wrong at a key or below it; of an empty path only what is wrong with the whole rule. */
function faultsAt(
  faults: readonly RuleFault[],
  at: string,
  { isExact = at === '' }: { isExact?: boolean } = {},
): string[] {
  return faults
    .filter(({ path }) => path === at || (!isExact && path.startsWith(`${at}.`)))
    .map(({ message }) => message)
}

function valueIn(holder: unknown, name: string): unknown {
  return typeof holder === 'object' && holder !== null
    ? (holder as Readonly<Record<string, unknown>>)[name]
    : undefined
}
