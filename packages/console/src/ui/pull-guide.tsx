import { Alert, SegmentedControl, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { pullText as text } from '../text/pull.ts'
import { CommandLine } from './copy.tsx'
import { isChart, isPlainHttp, type Pulled, pullLines, signInLine } from './pull-lines.ts'

/** Lines for every client, by tag or by digest, each copied with one click. */
export function PullGuide({
  tag,
  digest,
  ...pulled
}: Omit<Pulled, 'reference'> & {
  /** `undefined`: no tag leads to it. */
  readonly tag: string | undefined
  readonly digest: string
}) {
  const [by, setBy] = useState(tag === undefined ? 'digest' : 'tag')
  const reference = by === 'tag' && tag !== undefined ? tag : digest
  const named = { ...pulled, reference }
  return (
    <Stack gap="sm">
      {tag !== undefined && (
        <SegmentedControl
          aria-label={text.by}
          value={by}
          onChange={setBy}
          data={[
            { value: 'tag', label: text.byTag },
            { value: 'digest', label: text.byDigest },
          ]}
        />
      )}
      <Text size="sm" className="berth-quiet">
        {text.lead}
      </Text>
      {isPlainHttp && <Alert color="gray">{text.plainHttp}</Alert>}
      {[signInLine(named), ...pullLines(named)].map(({ label, command }) => (
        <CommandLine key={label} label={label} command={command} />
      ))}
      {isChart(named) && reference === digest && <Text size="sm">{text.helmNeedsTag}</Text>}
    </Stack>
  )
}
