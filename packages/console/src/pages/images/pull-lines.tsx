import { Box, Button, Group, Modal, NativeSelect, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useState } from 'react'
import { registryHost } from '../../api/address.ts'
import { imageText } from '../../text/images.ts'
import { uiText } from '../../text/ui.ts'
import { CommandLine } from '../../ui/copy.tsx'
import { nameOf, useImage } from './image-context.ts'
import { isChart } from './image-facts.tsx'

const text = imageText.pull

type Line = { readonly label: string; readonly command: string }
type Names = { readonly host: string; readonly repository: string; readonly reference: string }

/** The line that most people want, and a way to those of other clients. */
export function PullLine() {
  const { repository, reference, top } = useImage()
  const [isOpen, { open, close }] = useDisclosure(false)
  const [by, setBy] = useState(reference)
  const tag = reference.includes(':') ? top.tags[0] : reference
  const linesOf = (named: string) => {
    const names = { host: registryHost, repository: repository.name, reference: named }
    if (isChart(top)) return chartLines(names)
    return top.kind === 'image' || top.kind === 'index' ? imageLines(names) : artifactLines(names)
  }
  const first = linesOf(reference)[0]
  return (
    <Group gap="sm" align="flex-start" className="berth-no-print">
      {first && (
        <Box flex="1 1 24rem" miw={0}>
          <CommandLine command={first.command} />
        </Box>
      )}
      <Button variant="default" size="xs" onClick={open}>
        {text.other}
      </Button>
      <Modal
        opened={isOpen}
        onClose={close}
        title={text.title}
        size="lg"
        closeButtonProps={{ 'aria-label': uiText.close }}
      >
        <Stack>
          <Text size="sm">{text.lead}</Text>
          {tag !== undefined && (
            <NativeSelect
              label={text.label}
              data={[
                { value: tag, label: `${text.byTag}: ${tag}` },
                { value: top.digest, label: text.byDigest },
              ]}
              value={by.includes(':') ? top.digest : by}
              onChange={({ currentTarget }) => setBy(currentTarget.value)}
            />
          )}
          {linesOf(by).map(({ label, command }) => (
            <CommandLine key={label} label={label} command={command} />
          ))}
          {isChart(top) && by.includes(':') && <Text size="sm">{text.helmNeedsTag}</Text>}
        </Stack>
      </Modal>
    </Group>
  )
}

function imageLines({ host, repository, reference }: Names): Line[] {
  const name = `${host}/${nameOf(repository, reference)}`
  const folder = repository.split('/').at(-1) ?? repository
  return [
    { label: text.docker, command: `docker pull ${name}` },
    { label: text.podman, command: `podman pull ${name}` },
    { label: text.containerd, command: `ctr images pull ${name}` },
    { label: text.skopeo, command: `skopeo copy --all docker://${name} oci:${folder}` },
    { label: text.kubernetes, command: `kubectl run ${podName(folder)} --image=${name}` },
  ]
}

/** Names of pods allow fewer characters than names of repositories. */
function podName(folder: string): string {
  return folder.replaceAll(/[^a-z0-9-]+/g, '-')
}

function chartLines(names: Names): Line[] {
  const { host, repository, reference } = names
  if (reference.includes(':')) return artifactLines(names)
  const chart = `oci://${host}/${repository} --version ${reference.replaceAll('_', '+')}`
  const release = podName(repository.split('/').at(-1) ?? repository)
  return [
    { label: text.helm, command: `helm pull ${chart}` },
    { label: text.helmInstall, command: `helm install ${release} ${chart}` },
    ...artifactLines(names),
  ]
}

function artifactLines({ host, repository, reference }: Names): Line[] {
  return [{ label: text.oras, command: `oras pull ${host}/${nameOf(repository, reference)}` }]
}
