import { UnstyledButton } from '@mantine/core'
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react'
import { useState } from 'react'
import { imageText } from '../../text/images.ts'
import { readable } from '../../ui/build-instruction.ts'
import { ForeignText } from '../../ui/foreign-text.tsx'
import classes from './images.module.css'

const text = imageText.layers
/** So many characters fit into one line of any page. */
const oneLine = 90

/** What made a layer: one line, and the whole of it on demand. */
export function Instruction({ createdBy }: { createdBy: string | null }) {
  const [isWhole, setWhole] = useState(false)
  if (createdBy === null || createdBy === '') {
    return <span className="berth-quiet">{text.unknownInstruction}</span>
  }
  const plain = readable(createdBy)
  if (plain.length <= oneLine && !plain.includes('\n')) {
    return (
      <span className={classes.instruction} style={{ overflowWrap: 'anywhere' }}>
        <ForeignText text={plain} />
      </span>
    )
  }
  const Icon = isWhole ? IconChevronDown : IconChevronRight
  return (
    <div className={classes.instructionRow}>
      <UnstyledButton
        aria-expanded={isWhole}
        aria-label={isWhole ? text.showLess : text.showWhole}
        title={isWhole ? text.showLess : text.showWhole}
        onClick={() => setWhole(!isWhole)}
      >
        <Icon size={15} aria-hidden />
      </UnstyledButton>
      <div
        className={isWhole ? classes.instruction : `${classes.instruction} berth-one-line`}
        {...(isWhole && { 'data-whole': true })}
      >
        <ForeignText text={isWhole ? broken(plain) : plain.slice(0, 300)} max={4000} />
      </div>
    </div>
  )
}

/** A line for each command, as people write them. */
function broken(instruction: string): string {
  return instruction.replaceAll(/\s+(&&|\|\||;)\s+/g, '\n  $1 ')
}
