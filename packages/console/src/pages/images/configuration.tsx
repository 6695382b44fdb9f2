import { Box, Code, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { imageText } from '../../text/images.ts'
import { Digest } from '../../ui/copy.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { KeyValues } from '../../ui/key-values.tsx'
import { Section } from '../../ui/page.tsx'
import { Empty } from '../../ui/states.tsx'
import { Moment } from '../../ui/time.tsx'
import { HistoryTable } from './history-table.tsx'
import { type Manifest, useImage } from './image-context.ts'
import { NamedValues } from './named-values.tsx'

const text = imageText.configuration

/** Everything that the image and its manifest say of themselves. */
export default function Configuration() {
  const { image: manifest } = useImage()
  const { image, annotations } = manifest
  return (
    <Stack gap="xl">
      {image ? (
        <ImageSettings manifest={manifest} image={image} />
      ) : (
        <Empty title={text.noneTitle}>{manifest.imageFault ?? text.none}</Empty>
      )}
      {Object.keys(annotations).length > 0 && (
        <Section title={text.annotations} lead={text.annotationsLead}>
          <NamedValues label={text.annotations} values={Object.entries(annotations)} />
        </Section>
      )}
    </Stack>
  )
}

function ImageSettings({
  manifest,
  image,
}: {
  manifest: Manifest
  image: NonNullable<Manifest['image']>
}) {
  const { fields } = text
  const platform = [image.os, image.architecture, image.variant].filter(Boolean).join('/')
  const labels = Object.entries(image.labels)
  return (
    <>
      <Section title={text.settings}>
        <Box className="berth-panel" p="md">
          <KeyValues
            items={[
              [fields.created, image.created === null ? null : <Moment at={image.created} />],
              [fields.author, foreign(image.author)],
              [fields.platform, foreign(platform)],
              [fields.user, image.user === null ? text.rootUser : foreign(image.user)],
              [fields.workingDirectory, foreign(image.workingDirectory)],
              [fields.entrypoint, words(image.entrypoint)],
              [fields.command, words(image.command)],
              [fields.stopSignal, foreign(image.stopSignal)],
              [fields.ports, foreign(image.exposedPorts.join(', '))],
              [fields.volumes, foreign(image.volumes.join(', '))],
              [fields.config, manifest.config && <Digest digest={manifest.config.digest} />],
            ]}
          />
        </Box>
      </Section>
      <Section title={text.environment}>
        {image.environment.length === 0 ? (
          <Text size="sm">{text.noEnvironment}</Text>
        ) : (
          <NamedValues label={text.environment} values={image.environment.map(variable)} />
        )}
      </Section>
      <Section title={text.labels}>
        {labels.length === 0 ? (
          <Text size="sm">{text.noLabels}</Text>
        ) : (
          <NamedValues label={text.labels} values={labels} />
        )}
      </Section>
      <Section title={text.history} lead={text.historyLead}>
        <HistoryTable history={image.history} />
      </Section>
    </>
  )
}

function foreign(value: string | null): ReactNode {
  return value === null || value === '' ? null : <ForeignText text={value} />
}

/** As JSON, since only quotes tell where a word ends. */
function words(list: readonly string[]): ReactNode {
  if (list.length === 0) return null
  return (
    <Code>
      <ForeignText text={JSON.stringify(list)} />
    </Code>
  )
}

function variable(text: string): [string, string] {
  const at = text.indexOf('=')
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}
