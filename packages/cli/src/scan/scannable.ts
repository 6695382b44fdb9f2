/** What can be scanned, for the help of commands. */
export const scannable =
  'registry/repository:tag, oci:folder, oci-archive:file, docker-archive:file, docker:image, dir:folder, sbom:file'
