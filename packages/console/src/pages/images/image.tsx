import { readManifest } from '@berth/api/manifests.ts'
import { readRepository } from '@berth/api/repositories.ts'
import { ApiProblem } from '@berth/api/client.ts'
import { Stack } from '@mantine/core'
import { Outlet, useParams } from '@tanstack/react-router'
import { useApi } from '../../api/queries.ts'
import { imageText as text } from '../../text/images.ts'
import { useFilters } from '../../ui/filters.ts'
import { PageLink } from '../../ui/link.tsx'
import { Page } from '../../ui/page.tsx'
import { Skeleton } from '../../ui/skeleton.tsx'
import { Empty, Lines, Show } from '../../ui/states.tsx'
import { ImageActions } from './image-actions.tsx'
import { ImageProvider, nameOf, type OpenImage, shortDigest } from './image-context.ts'
import { ImageFacts } from './image-facts.tsx'
import { ImageTabs } from './image-tabs.tsx'
import { PlatformSwitch } from './platform-switch.tsx'
import { choicesOf, chosenOf } from './platforms.ts'
import { PullLine } from './pull-line.tsx'
import { VerdictLine } from './verdict-line.tsx'

/** One image: who it is, whether it may be pulled, what can be done with it, and its parts. */
export default function Image() {
  const { repository = '', reference = '' } = useParams({ strict: false })
  const [{ platform }] = useFilters()
  const readTop = useApi(readManifest, { params: { repository, reference } })
  const readHome = useApi(readRepository, { params: { repository } })
  const top = readTop.data?.body
  const home = readHome.data?.body
  const open = top && home && { repository: home, reference, top, image: top, platform }
  const both = {
    data: open,
    error: readTop.error ?? readHome.error,
    refetch: () => Promise.all([readTop.refetch(), readHome.refetch()]),
  }
  return (
    <ImageProvider value={open}>
      <Page
        // Another image is another page: what was opened in the one before is closed.
        key={`${repository} ${reference}`}
        title={titleOf(repository, reference)}
        above={<Above repository={repository} />}
        actions={open && <ImageActions />}
      >
        <Show of={both} skeleton={<ImageSkeleton />}>
          {(shown) => <LoadedImage open={shown} />}
        </Show>
      </Page>
    </ImageProvider>
  )
}

function LoadedImage({ open }: { open: OpenImage }) {
  const { top, repository, platform } = open
  const choices = choicesOf(top)
  const chosen = chosenOf(choices, platform)
  const readChild = useApi(
    readManifest,
    { params: { repository: repository.name, reference: chosen?.digest ?? top.digest } },
    { isEnabled: chosen !== undefined },
  )
  const isMissing = readChild.error instanceof ApiProblem && readChild.error.status === 404
  return (
    <>
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
    </>
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
      <Skeleton height={150} />
      <Skeleton height={36} />
      <Lines count={8} />
    </Stack>
  )
}
