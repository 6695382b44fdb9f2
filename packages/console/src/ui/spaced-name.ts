/** A name of the API as people read it: `blobsRemoved` is `Blobs removed`. */
export function spacedName(name: string): string {
  const spaced = name.replaceAll(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()
  return spaced.charAt(0).toUpperCase() + spaced.slice(1)
}
