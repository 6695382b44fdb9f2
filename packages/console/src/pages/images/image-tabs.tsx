import { imageText as text } from '../../text/images.ts'
import { RouteTabs } from '../../ui/route-tabs.tsx'
import { useImage } from './image-context.ts'

const base = '/repositories/$repository/images/$reference'

/** The parts of the image; each keeps the platform. What is no image has no files, packages and findings. */
export function ImageTabs() {
  const { repository, reference, top, platform } = useImage()
  const params = { repository: repository.name, reference }
  const search = { platform }
  const isImage = top.kind === 'image' || top.kind === 'index'
  const { layers, files, configuration, packages, findings, trust, relations, manifest } = text.tabs
  const first = isImage ? layers : text.layers.contents
  return (
    <RouteTabs
      label={text.tabsLabel}
      tabs={[
        { label: first, link: { to: base, params, search }, isExact: true },
        ...(isImage
          ? [{ label: files, link: { to: `${base}/files`, params, search } } as const]
          : []),
        { label: configuration, link: { to: `${base}/configuration`, params, search } },
        ...(isImage
          ? [
              { label: packages, link: { to: `${base}/packages`, params, search } } as const,
              { label: findings, link: { to: `${base}/findings`, params, search } } as const,
            ]
          : []),
        { label: trust, link: { to: `${base}/trust`, params, search } },
        { label: relations, link: { to: `${base}/relations`, params, search } },
        { label: manifest, link: { to: `${base}/manifest`, params, search } },
      ]}
    />
  )
}
