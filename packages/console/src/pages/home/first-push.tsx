import { Alert, Group, Stack, Text, Title } from '@mantine/core'
import { registryHost } from '../../api/address.ts'
import { useMay } from '../../api/session.ts'
import { homeText } from '../../text/home.ts'
import { CommandLine } from '../../ui/copy.tsx'
import { ButtonLink } from '../../ui/link.tsx'
import { Section } from '../../ui/page.tsx'

const text = homeText.first

/** The way to the first image, in lines that are ready for a terminal. */
export function FirstPush({ userName, project }: { userName: string; project: string }) {
  const example = `${project}/hello:1.0.0`
  const mayCreate = useMay('createProject')
  const isPlain = location.protocol === 'http:'
  return (
    <Section title={text.title} lead={text.lead}>
      <Stack className="berth-panel" p="lg" gap="lg">
        <Step title={text.step1} command={`docker login ${registryHost} --username ${userName}`}>
          {text.step1Lead}
        </Step>
        <Step
          title={text.step2}
          command={`docker pull hello-world\ndocker tag hello-world ${registryHost}/${example}`}
        />
        <Step title={text.step3} command={`docker push ${registryHost}/${example}`} />
        {isPlain && <Alert color="yellow">{text.plain}</Alert>}
        <Group>
          {mayCreate && (
            <ButtonLink to="/projects" variant="default">
              {text.makeProject}
            </ButtonLink>
          )}
          <ButtonLink to="/profile/keys" variant="default">
            {text.makeKey}
          </ButtonLink>
        </Group>
      </Stack>
    </Section>
  )
}

function Step({ title, command, children }: { title: string; command: string; children?: string }) {
  return (
    <div>
      <Title order={3} size="h5">
        {title}
      </Title>
      {children !== undefined && (
        <Text size="sm" className="berth-quiet">
          {children}
        </Text>
      )}
      <CommandLine command={command} />
    </div>
  )
}
