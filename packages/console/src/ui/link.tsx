import { Button, type ButtonProps } from '@mantine/core'
import { createLink } from '@tanstack/react-router'
import type { ComponentPropsWithRef } from 'react'

type AnchorElement = ComponentPropsWithRef<'a'> & { readonly isSmall?: boolean }

/** One element: lists have many of them. */
function PlainAnchor({ isSmall = false, ...props }: AnchorElement) {
  const classes = ['berth-link mantine-focus-auto', props.className, isSmall && 'berth-small']
  return <a {...props} className={classes.filter(Boolean).join(' ')} />
}

type ButtonElement = ButtonProps & Omit<ComponentPropsWithRef<'a'>, keyof ButtonProps>

function PlainButton(props: ButtonElement) {
  return <Button component="a" {...props} />
}

/** A link to another page of the console; the page is loaded as soon as the pointer or the focus is on it. */
export const PageLink = createLink(PlainAnchor)
/** A link that looks like a button. */
export const ButtonLink = createLink(PlainButton)
