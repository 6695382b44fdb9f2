import { Box } from '@mantine/core'
import { useMemo } from 'react'
import { type DiffLine, diffLines } from './line-diff.ts'
import classes from './policy-diff.module.css'

const marks = { same: ' ', added: '+', removed: '−' } as const
const words = { same: '', added: 'added: ', removed: 'removed: ' } as const
/** Lines that stay, shown around those that do not. */
const around = 3

/** What changes between two documents, line by line. */
export function PolicyDiff({
  before,
  after,
  label,
}: {
  before: string
  after: string
  label: string
}) {
  const lines = useMemo(() => nearChanges(diffLines(before, after)), [before, after])
  return (
    <Box component="pre" className={classes.diff} tabIndex={0} role="region" aria-label={label}>
      {lines.map((line, index) =>
        line === undefined ? (
          <span key={index} className={classes.gap}>
            {'⋯\n'}
          </span>
        ) : (
          <span key={index} className={classes[line.kind]}>
            <span aria-hidden>{marks[line.kind]} </span>
            <span className={classes.spoken}>{words[line.kind]}</span>
            {`${line.text}\n`}
          </span>
        ),
      )}
    </Box>
  )
}

/** Only what is near a change; `undefined` stands for what is left out. */
function nearChanges(lines: readonly DiffLine[]): (DiffLine | undefined)[] {
  const isNear = lines.map((_, index) =>
    lines
      .slice(Math.max(0, index - around), index + around + 1)
      .some(({ kind }) => kind !== 'same'),
  )
  return lines.flatMap((line, index) => {
    if (isNear[index] === true) return [line]
    return index === 0 || isNear[index - 1] === true ? [undefined] : []
  })
}
