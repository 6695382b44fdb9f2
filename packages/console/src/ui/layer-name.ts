const names = ['org.opencontainers.image.title', 'org.cncf.model.filepath']

/** The name of a file that an artifact carries as a layer, as its maker gave it. */
export function layerName(annotations: Readonly<Record<string, string>>): string | undefined {
  return names.map((name) => annotations[name]).find((name) => name !== undefined)
}
