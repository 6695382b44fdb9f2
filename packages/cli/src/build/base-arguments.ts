import type { BuiltImage } from './builder.ts'

/** The build argument by which a Dockerfile names the image of a service it depends on: `BERTH_BASE_IMAGE`. */
export function baseArgument(service: string): string {
  return `BERTH_${service.toUpperCase().replaceAll('-', '_')}_IMAGE`
}

/** These arguments with what the builder calls the images of that platform. */
export function baseArguments(
  bases: ReadonlyMap<string, BuiltImage>,
  platform: string,
): Readonly<Record<string, string>> {
  const args: Record<string, string> = {}
  for (const [service, { localIds }] of bases) {
    const id = localIds.get(platform) ?? [...localIds.values()][0]
    if (id !== undefined) args[baseArgument(service)] = id
  }
  return args
}
