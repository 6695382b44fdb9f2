import { isJsonMediaType, readManifestContent } from '@berth/api/manifests.ts'
import { Button, Code, Group, Stack, Text } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { registryHost } from '../../api/address.ts'
import { useApiText } from '../../api/queries.ts'
import { imageText } from '../../text/images.ts'
import { uiText } from '../../text/ui.ts'
import { CommandLine, Copy, Digest } from '../../ui/copy.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { Section } from '../../ui/page.tsx'
import { Lines, Show } from '../../ui/states.tsx'
import { formatBytes } from '../../ui/units.ts'
import { contentDownload } from './downloads.ts'
import { type Manifest, useImage } from './image-context.ts'
import classes from './images.module.css'
import { indentJson } from './indent-json.ts'

const text = imageText.manifest

/** What was pushed, as JSON: the index, the manifest, and the configuration where there is one. */
export default function ManifestContent() {
  const { repository, top, image } = useImage()
  const isOfIndex = top.digest !== image.digest
  const name = `${registryHost}/${repository.name}@${image.digest}`
  return (
    <Stack gap="xl">
      <Text size="sm" className="berth-quiet" maw={760}>
        {text.lead}
      </Text>
      {isOfIndex && (
        <Content title={text.index} manifest={top} of={top} part="manifest" key={top.digest} />
      )}
      <Content
        title={image.kind === 'index' ? text.index : text.manifest}
        manifest={image}
        of={image}
        part="manifest"
      />
      {image.config !== null && isJsonMediaType(image.config.mediaType) && (
        <Content title={text.config} manifest={image} of={image.config} part="config" />
      )}
      <Section title={text.command} lead={text.commandLead}>
        <CommandLine command={`skopeo inspect --raw docker://${name}`} />
        {image.kind === 'image' && (
          <CommandLine command={`skopeo inspect --raw --config docker://${name}`} />
        )}
      </Section>
    </Stack>
  )
}

function Content({
  title,
  manifest,
  of,
  part,
}: {
  title: string
  manifest: Manifest
  /** What is shown: the manifest itself, or its configuration. */
  of: { digest: string; mediaType: string; size: number }
  part: 'manifest' | 'config'
}) {
  const { repository } = useImage()
  const content = useApiText(readManifestContent, {
    params: { repository: repository.name, reference: manifest.digest },
    query: { part },
  })
  return (
    <Section
      title={title}
      lead={
        <>
          <Digest digest={of.digest} isWhole />
          <br />
          <ForeignText text={of.mediaType} />, {formatBytes(of.size)}
        </>
      }
      actions={
        content.data !== undefined && (
          <Group gap="xs">
            <Copy text={content.data} what={title} />
            <Button
              component="a"
              href={contentDownload(repository.name, manifest.digest, part)}
              download
              variant="default"
              size="xs"
              leftSection={<IconDownload size={15} aria-hidden />}
              aria-label={text.downloadOf(title)}
            >
              {uiText.download}
            </Button>
          </Group>
        )
      }
    >
      <Show of={content} skeleton={<Lines count={8} />}>
        {(json) => (
          <Code
            block
            className={classes.json}
            tabIndex={0}
            role="region"
            aria-label={text.of(title)}
          >
            <ForeignText text={indentJson(json)} max={20_000} />
          </Code>
        )}
      </Show>
    </Section>
  )
}
