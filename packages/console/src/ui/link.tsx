import { Anchor, type AnchorProps, Button, type ButtonProps } from '@mantine/core'
import { createLink } from '@tanstack/react-router'
import type { ComponentPropsWithRef } from 'react'

type AnchorElement = AnchorProps & Omit<ComponentPropsWithRef<'a'>, keyof AnchorProps>

function PlainAnchor(props: AnchorElement) {
  return <Anchor {...props} />
}

type ButtonElement = ButtonProps & Omit<ComponentPropsWithRef<'a'>, keyof ButtonProps>

function PlainButton(props: ButtonElement) {
  return <Button component="a" {...props} />
}

/** A link to another page of the console; the page is loaded as soon as the pointer or the focus is on it. */
export const PageLink = createLink(PlainAnchor)
/** A link that looks like a button. */
export const ButtonLink = createLink(PlainButton)
