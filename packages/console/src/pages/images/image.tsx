import { readManifest } from '@berth/api/manifests.ts'
import { readRepository } from '@berth/api/repositories.ts'
import { ApiProblem } from '@berth/api/client.ts'
import { Skeleton, Stack } from '@mantine/core'
import { Outlet, useParams } from '@tanstack/react-router'
import { useApi } from '../../api/queries.ts'
import { imageText as text } from '../../text/images.ts'
import { useFilters } from '../../ui/filters.ts'
import { PageLink } from '../../ui/link.tsx'
import { Page } from '../../ui/page.tsx'
import { Empty, Lines, Show } from '../../ui/states.tsx'
import { ImageActions } from './image-actions.tsx'
import {
  ImageProvider,
  nameOf,
  type Manifest,
  type Repository,
  shortDigest,
} from './image-context.ts'
import { ImageFacts } from './image-facts.tsx'
import { ImageTabs } from './image-tabs.tsx'
import { PlatformSwitch } from './platform-switch.tsx'
import { choicesOf, chosenOf } from './platforms.ts'
import { PullLine } from './pull-line.tsx'
import { VerdictLine } from './verdict-line.tsx'

/** One image: who it is, whether it may be pulled, what can be done with it, and its parts. */
export default function Image() {
  const { repository = '', reference = '' } = useParams({ strict: false })
  const readTop = useApi(readManifest, { params: { repository, reference } })
  const readHome = useApi(readRepository, { params: { repository } })
  const isLoaded = readTop.data !== undefined && readHome.data !== undefined
  const both = {
    data: isLoaded ? { top: readTop.data.body, home: readHome.data.body } : undefined,
    error: readTop.error ?? readHome.error,
    refetch: () => Promise.all([readTop.refetch(), readHome.refetch()]),
  }
  if (both.data === undefined) {
    return (
      <Page title={titleOf(repository, reference)} above={<Above repository={repository} />}>
        <Show of={both} skeleton={<ImageSkeleton />}>
          {() => null}
        </Show>
      </Page>
    )
  }
  // Another image is another page: what was opened in the one before is closed.
  return (
    <LoadedImage
      key={`${repository} ${reference}`}
      reference={reference}
      top={both.data.top}
      repository={both.data.home}
    />
  )
}

function LoadedImage({
  reference,
  top,
  repository,
}: {
  reference: string
  top: Manifest
  repository: Repository
}) {
  const [{ platform }] = useFilters()
  const choices = choicesOf(top)
  const chosen = chosenOf(choices, platform)
  const readChild = useApi(
    readManifest,
    { params: { repository: repository.name, reference: chosen?.digest ?? top.digest } },
    { isEnabled: chosen !== undefined },
  )
  const isMissing = readChild.error instanceof ApiProblem && readChild.error.status === 404
  const open = { repository, reference, top, image: top, platform }
  return (
    <ImageProvider value={open}>
      <Page
        title={titleOf(repository.name, reference)}
        above={<Above repository={repository.name} />}
        actions={<ImageActions />}
      >
        <Stack gap="sm" className="berth-panel" p="md">
          <ImageFacts />
          <VerdictLine />
          <PullLine />
        </Stack>
        {choices.length > 0 && <PlatformSwitch choices={choices} chosen={chosen} />}
        <ImageTabs />
        {chosen === undefined ? (
          <Outlet />
        ) : isMissing ? (
          <Empty title={text.notStoredTitle}>{text.notStored(shortDigest(chosen.digest))}</Empty>
        ) : (
          <Show of={readChild} skeleton={<Lines count={8} />}>
            {({ body }) => (
              <ImageProvider value={{ ...open, image: body }} key={body.digest}>
                <Outlet />
              </ImageProvider>
            )}
          </Show>
        )}
      </Page>
    </ImageProvider>
  )
}

function titleOf(repository: string, reference: string): string {
  return nameOf(repository, reference.includes(':') ? shortDigest(reference) : reference)
}

function Above({ repository }: { repository: string }) {
  return (
    <>
      <PageLink to="/repositories">{text.repositories}</PageLink>
      {' / '}
      <PageLink to="/repositories/$repository" params={{ repository }}>
        {repository}
      </PageLink>
    </>
  )
}

function ImageSkeleton() {
  return (
    <Stack gap="md">
      <Skeleton height={150} radius="md" />
      <Skeleton height={36} />
      <Lines count={8} />
    </Stack>
  )
}
