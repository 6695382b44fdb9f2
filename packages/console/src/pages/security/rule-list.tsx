import { type TemplateName, templateNames } from '@berth/api/policy-document.ts'
import { Button, Group, Select, Stack, VisuallyHidden } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { useEffect, useRef, useState } from 'react'
import { policyText as text } from '../../text/policy.ts'
import { type Draft, newKey, type RuleFault } from './policy-document.ts'
import { RuleCard, type RuleMove } from './rule-card.tsx'
import { type RuleValue, withTemplate } from '../../resources/rule-schema.ts'
import { textOf } from '../../resources/rule-words.ts'

/** The rules of a policy in their order. The focus goes with what is moved, and what happens is said aloud. */
export function RuleList({
  drafts,
  faults,
  onChange,
  isReadOnly,
}: {
  drafts: readonly Draft[]
  faults: readonly RuleFault[]
  onChange: (drafts: readonly Draft[]) => void
  isReadOnly: boolean
}) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set())
  const [said, setSaid] = useState('')
  const [template, setTemplate] = useState<TemplateName>('maximumCvss')
  const list = useRef<HTMLDivElement>(null)
  // A selector of what takes the focus once the list is drawn anew.
  const focusNext = useRef<string>(undefined)
  useEffect(() => {
    if (focusNext.current === undefined) return
    list.current?.querySelector<HTMLElement>(focusNext.current)?.focus()
    focusNext.current = undefined
  })
  const toggle = (key: string) =>
    setOpen((before) => new Set(before).symmetricDifference(new Set([key])))
  const add = (value: RuleValue, after: number) => {
    const key = newKey()
    const name = freeName(textOf(value['name']), drafts)
    const draft = { key, value: { ...value, name }, origin: undefined, isChanged: true }
    onChange(drafts.toSpliced(after, 0, draft))
    setOpen((before) => new Set(before).add(key))
    focusNext.current = `[data-rule="${key}"] input`
    setSaid(text.duplicated(name))
  }
  const move = (index: number, how: RuleMove) => {
    const draft = drafts[index]
    if (!draft) return
    const name = textOf(draft.value['name'])
    if (how === 'duplicate') return add(draft.value, index + 1)
    if (how === 'remove') {
      onChange(drafts.toSpliced(index, 1))
      focusNext.current = '[data-add-rule]'
      setSaid(text.ruleRemoved(name))
      return
    }
    const to = how === 'up' ? index - 1 : index + 1
    onChange(drafts.toSpliced(index, 1).toSpliced(to, 0, draft))
    const isAtEnd = to === 0 || to === drafts.length - 1
    const button = isAtEnd ? (how === 'up' ? 'down' : 'up') : how
    focusNext.current = `[data-rule="${draft.key}"] [data-move="${button}"]`
    setSaid(text.moved(name, to + 1, drafts.length))
  }
  return (
    <Stack gap="sm" ref={list}>
      <VisuallyHidden role="status">{said}</VisuallyHidden>
      <Stack component="ul" gap="sm" p={0} m={0} aria-label={text.rules}>
        {drafts.map((draft, index) => (
          <RuleCard
            key={draft.key}
            draft={draft}
            place={index + 1}
            count={drafts.length}
            faults={faults.filter(({ rule }) => rule === index)}
            isOpen={open.has(draft.key)}
            onToggle={() => toggle(draft.key)}
            onChange={(value) => onChange(drafts.with(index, { ...draft, value, isChanged: true }))}
            onMove={(how) => move(index, how)}
            isReadOnly={isReadOnly}
          />
        ))}
      </Stack>
      {!isReadOnly && (
        <Group gap="xs" align="flex-end">
          <Select
            label={text.addLabel}
            data={templateNames.map((name) => ({ value: name, label: text.templates[name] }))}
            value={template}
            onChange={(picked) => picked !== null && setTemplate(picked)}
            allowDeselect={false}
            searchable
            maxDropdownHeight={320}
            w={{ base: '100%', xs: 240 }}
          />
          <Button
            data-add-rule
            variant="default"
            leftSection={<IconPlus size={16} aria-hidden />}
            onClick={() =>
              add(
                withTemplate({ name: nameFor(template), on: ['pull'], mode: 'enforce' }, template),
                drafts.length,
              )
            }
          >
            {text.addRule}
          </Button>
        </Group>
      )}
    </Stack>
  )
}

/** `maximumCvss` as the name of a rule: `maximum-cvss`. */
function nameFor(template: TemplateName): string {
  return template.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

function freeName(wanted: string, drafts: readonly Draft[]): string {
  const taken = new Set(drafts.map(({ value }) => value['name']))
  if (!taken.has(wanted)) return wanted
  for (let number = 2; ; number += 1) {
    const name = `${wanted.slice(0, 58)}-${number}`
    if (!taken.has(name)) return name
  }
}
