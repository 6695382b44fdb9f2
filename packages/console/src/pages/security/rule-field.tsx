import { Checkbox, NumberInput, Select, TagsInput, TextInput } from '@mantine/core'
import { policyText as text } from '../../text/policy.ts'
import { DeniedPackages } from './denied-packages.tsx'
import type { Field } from '../../resources/rule-schema.ts'
import { textOf } from '../../resources/rule-words.ts'

type FieldProps = {
  readonly field: Field
  readonly value: unknown
  readonly fault: string | undefined
  /** `undefined` leaves the key out. */
  readonly onChange: (value: unknown) => void
  readonly isReadOnly: boolean
}

/** One field of a template, as its schema says what it is. */
export function RuleField(props: FieldProps) {
  const { field, value, fault, onChange, isReadOnly } = props
  const { name, kind, hint, isRequired, options, fallback } = field
  const common = {
    label: text.labels[name] ?? name,
    description: hint === '' ? undefined : hint,
    error: fault,
    required: isRequired,
    disabled: isReadOnly,
  }
  switch (kind) {
    case 'number':
      return (
        <NumberInput
          {...common}
          value={typeof value === 'number' ? value : ''}
          onChange={(written) => onChange(written === '' ? undefined : Number(written))}
          decimalScale={1}
          step={name === 'score' ? 0.1 : 1}
          min={0}
          max={name === 'score' ? 10 : 1000}
        />
      )
    case 'flag':
      return (
        <Checkbox
          label={common.label}
          error={fault}
          disabled={isReadOnly}
          checked={(value ?? fallback) === true}
          onChange={(event) => onChange(event.currentTarget.checked || undefined)}
          mt="lg"
        />
      )
    case 'choice':
      return (
        <Select
          {...common}
          data={options.map((option) => ({
            value: option,
            label: text.choices[option] ?? option,
          }))}
          value={textOf(value ?? fallback)}
          onChange={(picked) => onChange(picked ?? undefined)}
          allowDeselect={false}
        />
      )
    case 'choices':
      return <Choices {...props} />
    case 'packages':
      return (
        <DeniedPackages value={value} fault={fault} onChange={onChange} isReadOnly={isReadOnly} />
      )
    case 'list':
      return <ListField {...common} value={value} onChange={onChange} isRequired={isRequired} />
    case 'text':
      return (
        <TextInput
          {...common}
          value={textOf(value)}
          onChange={(event) => onChange(event.currentTarget.value || undefined)}
          spellCheck={false}
        />
      )
  }
}

/** Several texts; Enter ends one, and so does leaving the field. */
export function ListField({
  value,
  onChange,
  isRequired = false,
  ...input
}: {
  label: string
  description?: string | undefined
  error?: string | undefined
  required?: boolean
  disabled?: boolean
  value: unknown
  onChange: (value: readonly string[] | undefined) => void
  /** An empty list is a fault then, and not the same as none. */
  isRequired?: boolean
}) {
  const list = Array.isArray(value) ? value.map(textOf) : []
  return (
    <TagsInput
      {...input}
      value={list}
      placeholder={list.length === 0 ? text.fields.listHint : ''}
      onChange={(next) => onChange(next.length === 0 && !isRequired ? undefined : next)}
      splitChars={[',', ' ', '\n']}
      acceptValueOnBlur
    />
  )
}

function Choices({ field, value, fault, onChange, isReadOnly }: FieldProps) {
  const chosen = value ?? field.fallback
  return (
    <Checkbox.Group
      label={text.labels[field.name] ?? field.name}
      description={field.hint}
      error={fault}
      value={Array.isArray(chosen) ? chosen.map(textOf) : []}
      onChange={onChange}
    >
      {field.options.map((option) => (
        <Checkbox
          key={option}
          value={option}
          label={text.choices[option] ?? option}
          disabled={isReadOnly}
          mt={6}
        />
      ))}
    </Checkbox.Group>
  )
}
