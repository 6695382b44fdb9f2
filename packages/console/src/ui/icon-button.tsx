import { Tooltip } from '@mantine/core'
import { type ReactNode, useEffect, useRef, useState } from 'react'

/** Whoever only passes wants no tooltip. */
const restMs = 150

/**
 * A button that is a picture, with its name beside it while the pointer or the focus is there. A list has many of them: until
 * then it is a plain button, and has no tooltip that costs time.
 */
export function IconButton({
  label,
  hint = label,
  color,
  isSmall = false,
  onClick,
  children,
}: {
  /** What screen readers are told. */
  readonly label: string
  /** What is shown beside it. Default: the label. */
  readonly hint?: string
  readonly color?: 'red' | 'teal'
  readonly isSmall?: boolean
  readonly onClick: () => void
  readonly children: ReactNode
}) {
  const button = useRef<HTMLButtonElement>(null)
  const [wasMet, setMet] = useState(false)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  const leave = () => clearTimeout(timer.current)
  const meet = () => {
    leave()
    timer.current = setTimeout(() => setMet(true), restMs)
  }
  return (
    <>
      <button
        ref={button}
        type="button"
        className="berth-icon-button mantine-focus-auto"
        data-color={color}
        {...(isSmall && { 'data-small': true })}
        aria-label={label}
        onClick={() => {
          leave()
          onClick()
        }}
        onPointerEnter={meet}
        onPointerLeave={leave}
        onFocus={({ currentTarget }) => currentTarget.matches(':focus-visible') && meet()}
        onBlur={leave}
      >
        {children}
      </button>
      {wasMet && (
        <Tooltip
          target={button}
          label={hint}
          defaultOpened
          withArrow
          multiline
          maw={260}
          events={{ hover: true, focus: true, touch: false }}
        />
      )}
    </>
  )
}
