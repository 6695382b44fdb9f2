import { Box, Code, Text } from '@mantine/core'
import { IconCheck, IconCopy } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { uiText } from '../text/ui.ts'
import { copyText } from './copy-text.ts'
import { visible } from './foreign-text.tsx'
import { IconButton } from './icon-button.tsx'

const shownMs = 1500
/** Characters of what is copied that screen readers are told. */
const nameMax = 200

/** Copies a text with one click. `what` says to screen readers which. */
export function Copy({ text, what = '' }: { text: string; what?: string }) {
  const [state, setState] = useState<'rest' | 'copied' | 'failed'>('rest')
  useEffect(() => {
    if (state !== 'copied') return
    const timer = setTimeout(() => setState('rest'), shownMs)
    return () => clearTimeout(timer)
  }, [state])
  const copied = state === 'copied'
  const name = visible(what.slice(0, nameMax))
  const label = { rest: uiText.copy, copied: uiText.copied, failed: uiText.copyFailed }[state]
  return (
    <IconButton
      label={name === '' ? label : `${label}: ${name}`}
      hint={label}
      {...(copied && { color: 'teal' })}
      isSmall
      onClick={() => void copyText(text).then((done) => setState(done ? 'copied' : 'failed'))}
    >
      {copied ? <IconCheck size={15} /> : <IconCopy size={15} />}
    </IconButton>
  )
}

/** A line for a terminal, ready to be copied. */
export function CommandLine({ label, command }: { label?: string; command: string }) {
  return (
    <Box>
      {label !== undefined && (
        <Text size="sm" className="berth-quiet" mb={2}>
          {label}
        </Text>
      )}
      <div className="berth-command">
        <Code block>{visible(command)}</Code>
        <Copy text={command} what={label ?? command} />
      </div>
    </Box>
  )
}

/** A digest, cut to what tells it apart; the whole of it is copied, and is its title. */
export function Digest({ digest, isWhole = false }: { digest: string; isWhole?: boolean }) {
  const [algorithm = '', hex = ''] = digest.split(':')
  return (
    <span className="berth-inline">
      <span className="berth-mono" title={digest} style={{ overflowWrap: 'anywhere' }}>
        {isWhole ? digest : `${algorithm}:${hex.slice(0, 12)}`}
      </span>
      <Copy text={digest} what={`${algorithm}:${hex.slice(0, 12)}`} />
    </span>
  )
}
