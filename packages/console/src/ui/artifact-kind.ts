import type { artifactKindText } from '../text/artifact-kinds.ts'

export type ArtifactKind = keyof typeof artifactKindText

/** What types of artifacts hold that belong to a kind; the first that fits counts. */
const marks: readonly (readonly [ArtifactKind, RegExp])[] = [
  ['index', /image\.index|manifest\.list/],
  ['image', /image\.config|container\.image/],
  ['chart', /helm\.config/],
  ['model', /cncf\.model|docker\.ai\.model|kitops\.modelkit|ollama\.image\.model|mlflow\.model/],
  ['signature', /sigstore|cosign\.artifact\.sig|notary\.signature/],
  ['sbom', /spdx|cyclonedx|sbom|syft/],
  ['attestation', /in-toto/],
]

/** Of the type that a manifest gives for itself, or of its config. */
export function artifactKind(type: string | null | undefined): ArtifactKind {
  return marks.find(([, mark]) => mark.test(type ?? ''))?.[0] ?? 'artifact'
}
