import { Stack } from '@mantine/core'
import { useSession } from '../../api/session.ts'
import { imageSecurityText } from '../../text/image-security.ts'
import { Section } from '../../ui/page.tsx'
import { Empty } from '../../ui/states.tsx'
import { Decision } from './decision.tsx'
import { useImage } from './image-context.ts'
import { ProvenanceSection } from './provenance.tsx'
import { Signatures } from './signatures.tsx'

const text = imageSecurityText.trust

/** Who vouches for the image, and what the policy makes of it. */
export default function Trust() {
  const { top, image } = useImage()
  const session = useSession()
  return (
    <Stack gap="xl">
      <Decision />
      {session === undefined ? (
        <Section title={text.title}>
          <Empty title={text.signIn} />
        </Section>
      ) : (
        <>
          <Signatures
            digest={top.digest}
            title={top.kind === 'index' ? `${text.title}: ${text.ofIndex}` : text.title}
          />
          {image.digest !== top.digest && (
            <Signatures digest={image.digest} title={`${text.title}: ${text.ofImage}`} />
          )}
        </>
      )}
      <ProvenanceSection />
    </Stack>
  )
}
