import { imageSecurityText } from '../../text/image-security.ts'
import { PageLink } from '../../ui/link.tsx'
import { useImage } from './image-context.ts'
import type { Layer } from './steps.ts'

/** To the files of a layer. */
export function LayerLink({ layer }: { layer: Layer }) {
  const { repository, reference, platform } = useImage()
  return (
    <PageLink
      to="/repositories/$repository/images/$reference/files"
      params={{ repository: repository.name, reference }}
      search={{ platform, layer: layer.digest }}
    >
      {imageSecurityText.packages.layerNumber(layer.position)}
    </PageLink>
  )
}
