import { deleteProject } from '@berth/api/projects.ts'
import { Button } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { callApi } from '../../api/client.ts'
import { projectText } from '../../text/projects.ts'
import { Confirm } from '../../ui/confirm.tsx'
import { notifyDone } from '../../ui/notify.ts'
import { Section } from '../../ui/page.tsx'
import type { Project } from './project-context.ts'

const text = projectText.settings

/** The server refuses while there is something in it, and says what; that stands in the dialog. */
export function DeleteProject({ project: { name } }: { project: Project }) {
  const [isOpen, { open, close }] = useDisclosure(false)
  const queries = useQueryClient()
  const navigate = useNavigate()
  const remove = async () => {
    await callApi(deleteProject, { params: { project: name } })
    notifyDone(text.removed(name))
    // Its own pages are left before what was read of it is read anew.
    await navigate({ to: '/projects' })
    await queries.invalidateQueries({ queryKey: [deleteProject.topic] })
  }
  return (
    <Section title={text.remove} lead={text.removeLead}>
      <Button color="red.9" onClick={open} style={{ alignSelf: 'flex-start' }}>
        {text.remove}
      </Button>
      <Confirm
        isOpen={isOpen}
        title={text.removeTitle(name)}
        typed={name}
        action={text.removeAction}
        onConfirm={remove}
        onClose={close}
      >
        {text.removeBody}
      </Confirm>
    </Section>
  )
}
