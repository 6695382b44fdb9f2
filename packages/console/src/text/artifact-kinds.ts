/** What a manifest is, in a word. */
export const artifactKindText = {
  index: 'Index',
  image: 'Image',
  chart: 'Helm chart',
  model: 'Model',
  signature: 'Signature',
  sbom: 'Bill of materials',
  attestation: 'Attestation',
  artifact: 'Artifact',
}
