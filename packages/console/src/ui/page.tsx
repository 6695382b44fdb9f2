import { Anchor, Box, Group, Stack, Text, Title } from '@mantine/core'
import { type ReactNode, useEffect, useRef } from 'react'
import { visible } from './foreign-text.tsx'

/** A heading that takes the focus when its page opens, so that a screen reader says where one has come to. */
export function Page({
  title,
  documentTitle = title,
  lead,
  details,
  above,
  actions,
  children,
}: {
  title: string
  /** For the tab of the browser, where the title alone does not say enough. */
  documentTitle?: string
  lead?: ReactNode
  /** Figures and the like, as wide as the page. */
  details?: ReactNode
  /** Where it lies: links to what holds it. */
  above?: ReactNode
  actions?: ReactNode
  children: ReactNode
}) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${visible(documentTitle)} · Berth`
  }, [documentTitle])
  useEffect(() => {
    // The first page of a visit is read from its beginning anyway.
    if (document.activeElement !== document.body && !isInside(document.activeElement)) {
      heading.current?.focus({ preventScroll: true })
    }
  }, [])
  return (
    <Stack gap="md">
      <Group justify="space-between" align="flex-start" gap="sm">
        <Box miw={0} flex="1 1 16rem">
          {above !== undefined && (
            <Text size="sm" component="nav" aria-label="Above">
              {above}
            </Text>
          )}
          <Title order={1} ref={heading} tabIndex={-1} style={{ outline: 'none' }}>
            <bdi>{visible(title)}</bdi>
          </Title>
          {lead !== undefined && (
            <Text component="div" className="berth-quiet" maw={860} style={{ textWrap: 'pretty' }}>
              {lead}
            </Text>
          )}
          {details}
        </Box>
        {actions !== undefined && (
          <Group gap="xs" className="berth-no-print">
            {actions}
          </Group>
        )}
      </Group>
      {children}
    </Stack>
  )
}

/** A field that somebody types in keeps the focus. */
function isInside(element: Element | null): boolean {
  return element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement
}

/** A part of a page with a heading of its own; a part within a part has one of order 3. */
export function Section({
  title,
  order = 2,
  lead,
  actions,
  children,
}: {
  title: string
  order?: 2 | 3
  lead?: ReactNode
  actions?: ReactNode
  children: ReactNode
}) {
  return (
    <Stack gap="sm" component="section" aria-label={title}>
      <Group justify="space-between" align="flex-end" gap="xs">
        <Box miw={0}>
          <Title order={order}>{title}</Title>
          {lead !== undefined && (
            <Text
              component="div"
              size="sm"
              className="berth-quiet"
              maw={860}
              style={{ textWrap: 'pretty' }}
            >
              {lead}
            </Text>
          )}
        </Box>
        {actions}
      </Group>
      {children}
    </Stack>
  )
}

/** A link out of Berth, which is opened beside it. A text in it may be a stranger's. */
export function OutLink({ href, children }: { href: string; children: ReactNode }) {
  const shown = <bdi>{typeof children === 'string' ? visible(children) : children}</bdi>
  // Only what cannot run as a script.
  if (!/^https?:\/\//i.test(href)) return shown
  return (
    <Anchor href={href} target="_blank" rel="noopener noreferrer nofollow" inherit>
      {shown}
    </Anchor>
  )
}
