import { Box, Group, Stack, Text, Title } from '@mantine/core'
import { type ReactNode, useEffect } from 'react'
import classes from './frame.module.css'

/** A page that stands alone, without the menu and the search. */
export function Frame({
  title,
  lead,
  children,
}: {
  title: string
  lead: ReactNode
  children: ReactNode
}) {
  useEffect(() => {
    document.title = `${title} · Berth`
  }, [title])
  return (
    <main className={classes.ground}>
      <Box className={`berth-panel ${classes.card}`}>
        <Stack gap="lg">
          <Group gap="sm" wrap="nowrap" align="center">
            <img src="./berth.svg" width={40} height={40} alt="" />
            <Box miw={0}>
              <Title order={1} lh={1.2}>
                {title}
              </Title>
              <Text component="div" size="sm" className="berth-quiet">
                <bdi>{lead}</bdi>
              </Text>
            </Box>
          </Group>
          {children}
        </Stack>
      </Box>
    </main>
  )
}
