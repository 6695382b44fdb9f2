import { policyDocumentMax } from '@berth/api/policy-document.ts'
import { Alert, Button, List, Stack, Textarea } from '@mantine/core'
import { useRef } from 'react'
import { policyText as text } from '../../text/policy.ts'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { type PlacedFault, placedFault } from './policy-document.ts'

/** The document as text, its faults beside it; each leads to its place. */
export function PolicyYaml({
  document,
  faults,
  onChange,
  isReadOnly,
}: {
  document: string
  /** As the server tells them: `line 3, column 5: …`. */
  faults: readonly string[]
  onChange: (document: string) => void
  isReadOnly: boolean
}) {
  const field = useRef<HTMLTextAreaElement>(null)
  const goTo = ({ line, column }: PlacedFault) => {
    const start = offsetOf(document, line, column)
    field.current?.focus()
    field.current?.setSelectionRange(start, endOfLine(document, start))
  }
  return (
    <Stack gap="sm">
      {faults.length > 0 && (
        <Alert color="red" title={text.faults} role="alert">
          <List size="sm" listStyleType="none">
            {faults.map(placedFault).map((fault, index) => {
              const place = text.lineColumn(fault.line, fault.column)
              return (
                <List.Item key={index}>
                  <Button
                    size="compact-xs"
                    variant="default"
                    aria-label={text.goTo(place)}
                    onClick={() => goTo(fault)}
                    mr={6}
                  >
                    {place}
                  </Button>
                  <ForeignText text={fault.message} max={300} />
                </List.Item>
              )
            })}
          </List>
        </Alert>
      )}
      <Textarea
        ref={field}
        aria-label={text.document}
        value={document}
        onChange={(event) => onChange(event.currentTarget.value)}
        readOnly={isReadOnly}
        error={faults.length > 0}
        maxLength={policyDocumentMax}
        autosize
        minRows={16}
        maxRows={40}
        spellCheck={false}
        wrap="off"
        styles={{
          input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: '0.85rem' },
        }}
      />
    </Stack>
  )
}

function offsetOf(document: string, line: number, column: number): number {
  const before = document.split('\n').slice(0, line - 1)
  const start = before.reduce((sum, each) => sum + each.length + 1, 0)
  return Math.min(start + column - 1, document.length)
}

function endOfLine(document: string, start: number): number {
  const end = document.indexOf('\n', start)
  return end === -1 ? document.length : end
}
