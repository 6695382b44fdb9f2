import { importAdvisories } from '@berth/api/advisories.ts'
import { ApiProblem } from '@berth/api/client.ts'
import { Alert, Box, Button, FileInput, Group, Progress, Stack, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { type SyntheticEvent, useRef, useState } from 'react'
import { uploadApi } from '../../api/upload.ts'
import { securityText } from '../../text/security.ts'
import { uiText } from '../../text/ui.ts'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { notifyDone } from '../../ui/notify.ts'
import { Section } from '../../ui/page.tsx'
import { formatBytes } from '../../ui/units.ts'

const text = securityText.advisories

/** Puts an archive into force that was exported elsewhere. */
export function ImportAdvisories({ isBusy }: { isBusy: boolean }) {
  const client = useQueryClient()
  const [file, setFile] = useState<File | null>(null)
  const [sentBytes, setSentBytes] = useState<number>()
  const [fault, setFault] = useState<string>()
  const stopper = useRef<AbortController>(undefined)
  const isSending = sentBytes !== undefined
  const send = async () => {
    if (file === null) {
      setFault(text.choose)
      return
    }
    stopper.current = new AbortController()
    setFault(undefined)
    setSentBytes(0)
    try {
      const { signal } = stopper.current
      await uploadApi(importAdvisories, { content: file, signal }, setSentBytes)
      setFile(null)
      notifyDone(text.imported)
    } catch (error) {
      setFault(faultOf(error))
    } finally {
      setSentBytes(undefined)
      await client.invalidateQueries({ queryKey: [importAdvisories.topic] })
    }
  }
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    void send()
  }
  return (
    <Section title={text.import} lead={text.importLead}>
      <Box component="form" onSubmit={submit} className="berth-panel" p="md">
        <Stack gap="sm">
          <Group align="flex-end" gap="xs">
            <FileInput
              label={text.archive}
              placeholder={text.choose}
              value={file}
              onChange={(picked) => {
                setFile(picked)
                setFault(undefined)
              }}
              disabled={isSending}
              clearable
              flex="1 1 16rem"
              maw={480}
              miw={0}
            />
            <Button type="submit" loading={isSending} disabled={isBusy}>
              {text.send}
            </Button>
            {isSending && (
              <Button variant="default" onClick={() => stopper.current?.abort()}>
                {text.stop}
              </Button>
            )}
          </Group>
          {isSending && file && (
            <div role="status">
              <Text size="sm" mb={4}>
                {text.sending(file.name, formatBytes(file.size))}
              </Text>
              <Progress
                value={file.size === 0 ? 100 : (sentBytes / file.size) * 100}
                animated={sentBytes >= file.size}
                aria-label={text.import}
              />
            </div>
          )}
          {fault !== undefined && (
            <Alert color="red" role="alert" title={text.refused}>
              <ForeignText text={fault} />
            </Alert>
          )}
        </Stack>
      </Box>
    </Section>
  )
}

function faultOf(error: unknown): string {
  if (error instanceof ApiProblem) return error.message
  return error instanceof DOMException && error.name === 'AbortError' ? text.stopped : uiText.away
}
