import { Stack, Text } from '@mantine/core'
import { imageText } from '../../text/images.ts'
import { formatBytes } from '../../ui/units.ts'
import classes from './images.module.css'
import type { Layer } from './steps.ts'

const text = imageText.layers

/** Who has a layer beside this image: what the caller may read, and this repository. */
type Share = 'repositories' | 'images' | 'only'
const shares: readonly Share[] = ['repositories', 'images', 'only']

function shareOf({ repositories, manifests }: Layer): Share {
  if (repositories.count > 1) return 'repositories'
  return manifests.count > 1 ? 'images' : 'only'
}

/** All layers in one bar, and how many of their bytes others have too. A layer that stands twice is pulled once. */
export function LayerPicture({ layers }: { layers: readonly Layer[] }) {
  const once = [...new Map(layers.map((layer) => [layer.digest, layer])).values()]
  const total = sizeOf(once)
  if (total === 0) return null
  const sums = shares.map((share) => ({
    share,
    bytes: sizeOf(once.filter((layer) => shareOf(layer) === share)),
  }))
  return (
    <Stack gap={8} className="berth-panel" p="md">
      <Text size="sm" fw={600}>
        {text.sum(layers.length, formatBytes(total))}
      </Text>
      <div className={classes.layers} aria-hidden>
        {once.map((layer) => (
          <span
            key={layer.digest}
            data-share={shareOf(layer)}
            title={text.ofLayer(layer.position, formatBytes(layer.size))}
            style={{ flexGrow: layer.size, flexBasis: 0 }}
          />
        ))}
      </div>
      <div className={classes.legend}>
        {sums
          .filter(({ bytes }) => bytes > 0)
          .map(({ share, bytes }) => (
            <span key={share}>
              <i data-share={share} aria-hidden />
              {text.shares[share](formatBytes(bytes))}
            </span>
          ))}
      </div>
    </Stack>
  )
}

/** Bytes of layers of which each stands once. */
function sizeOf(layers: readonly Layer[]): number {
  return layers.reduce((sum, { size }) => sum + size, 0)
}
