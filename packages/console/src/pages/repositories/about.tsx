import { Button, Stack } from '@mantine/core'
import { IconPencil } from '@tabler/icons-react'
import { lazy, Suspense, useState } from 'react'
import { repositoryText } from '../../text/repositories.ts'
import { Section } from '../../ui/page.tsx'
import { Empty, Lines } from '../../ui/states.tsx'
import { ImageLabels } from './image-labels.tsx'
import { Model } from './model.tsx'
import { ReadmeEditor } from './readme-editor.tsx'
import { useRepository } from './repository-context.ts'

const Markdown = lazy(() => import('../../ui/markdown.tsx'))
const text = repositoryText.about

/** What the repository is for, in the words of those who keep it, and what its newest image says of itself. */
export default function RepositoryAbout() {
  const { repository, may } = useRepository()
  const [isEditing, setEditing] = useState(false)
  const { readme } = repository
  const mayEdit = may('delete')
  return (
    <Stack gap="xl">
      <Model />
      <Section
        title={text.readme}
        actions={
          mayEdit &&
          !isEditing &&
          readme !== null && (
            <Button
              variant="default"
              leftSection={<IconPencil size={16} aria-hidden />}
              onClick={() => setEditing(true)}
            >
              {text.edit}
            </Button>
          )
        }
      >
        {isEditing ? (
          <ReadmeEditor onClose={() => setEditing(false)} />
        ) : readme === null ? (
          <Empty
            title={text.noReadmeTitle}
            action={
              mayEdit && (
                <Button variant="default" onClick={() => setEditing(true)}>
                  {text.write}
                </Button>
              )
            }
          >
            {text.noReadme}
          </Empty>
        ) : (
          <Suspense fallback={<Lines />}>
            <Markdown text={readme} />
          </Suspense>
        )}
      </Section>
      <ImageLabels />
    </Stack>
  )
}
