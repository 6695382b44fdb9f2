/** Bytes of one signature's blob. An attestation may carry a whole SBOM. */
export const payloadBytesMax = 32 * 1024 * 1024

/** Bytes of one signature manifest's annotation, such as a certificate chain. */
export const annotationBytesMax = 64 * 1024

/** Layers of a signature manifest that are looked at: cosign adds one for each signature to the same tag. */
export const layersMax = 100

/** Log entries and timestamps of one bundle. Public bundles carry one or two. */
export const witnessesMax = 10

/** Certificates of one chain. */
export const chainMax = 10

/** Subjects of one statement. A build of many artifacts states them together. */
export const subjectsMax = 10_000

/** Levels of JSON inside JSON. */
export const jsonDepthMax = 64

/** Bytes of a trusted root. The one of the public Sigstore instance has 7 kB. */
export const trustedRootBytesMax = 1024 * 1024

/** Bytes of a PEM file with a key. */
export const keyBytesMax = 64 * 1024
