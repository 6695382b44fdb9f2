import { platformName } from '../../ui/platform.ts'
import type { Manifest } from './image-context.ts'

/** An image in an index that one can choose to look at. */
export type Choice = {
  /** For the address: the platform, or the digest where the platform does not tell it apart. */
  readonly value: string
  readonly label: string
  readonly digest: string
}

type Child = Manifest['children'][number]

/** BuildKit lists what it says about an image beside it. */
export function isAttestation({ annotations }: Child): boolean {
  return annotations['vnd.docker.reference.type'] !== undefined
}

/** What can be chosen in an index; nothing for other manifests. */
export function choicesOf({ kind, children }: Manifest): Choice[] {
  if (kind !== 'index') return []
  const images = children.filter((child) => !isAttestation(child))
  const names = images.map(({ platform }) => platformName(platform))
  return images.map(({ digest }, index) => {
    const name = names[index]
    const isOnly = name !== undefined && names.indexOf(name) === names.lastIndexOf(name)
    const short = digest.slice(0, 19)
    return {
      value: isOnly ? name : digest,
      label: name === undefined ? short : isOnly ? name : `${name} (${short})`,
      digest,
    }
  })
}

/** The one that the address names; else `linux/amd64`, else the first, as the API chooses. */
export function chosenOf(
  choices: readonly Choice[],
  platform: string | undefined,
): Choice | undefined {
  return (
    choices.find(({ value, digest }) => value === platform || digest === platform) ??
    choices.find(({ value }) => value === 'linux/amd64') ??
    choices[0]
  )
}
