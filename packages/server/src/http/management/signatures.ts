import {
  readProvenance,
  readSignatures,
  signManifest,
  verifySignatures,
} from '@berth/api/signatures.ts'
import type { Digest } from '@berth/oci/digest.ts'
import { parseReference, parseRepositoryName, type RepositoryName } from '@berth/oci/reference.ts'
import { BerthError } from '../../errors.ts'
import type { Provenance } from '../../signatures/provenance.ts'
import { type Binding, bind } from './call.ts'
import type { ManagementDoor } from './door.ts'
import { writePermit } from '../write-permit.ts'

const annotationsMax = 64
const materialsMax = 200

/** Who signed images, and why other signatures do not count. */
export const signatureRoutes: readonly Binding[] = [
  bind(readSignatures, { on: 'repository', action: 'pull' }, async (door, { params }) => {
    const { repository, digest } = await resolve(door, params)
    return { body: await readVerdicts(door, repository, digest) }
  }),
  bind(readProvenance, { on: 'repository', action: 'pull' }, async (door, { params }) => {
    const { digest, items } = await door.provenances.read(
      parseRepositoryName(params.repository),
      parseReference(params.reference),
    )
    return { body: { digest, items: items.map(toProvenance) } }
  }),
  bind(verifySignatures, { on: 'repository', action: 'push' }, async (door, { params }) => {
    const { repository, digest } = await resolve(door, params)
    await door.signatures.verify(repository, digest)
    return { body: await readVerdicts(door, repository, digest) }
  }),
  bind(signManifest, { on: 'repository', action: 'push' }, async (door, call) => {
    const { params, body, caller, context } = call
    const annotations = body.annotations ?? {}
    if (Object.keys(annotations).length > annotationsMax) {
      throw new BerthError(
        'requestInvalid',
        `A signature has at most ${annotationsMax} annotations.`,
        { details: [{ field: 'annotations', rule: 'maxItems' }] },
      )
    }
    const signed = await door.imageSigning.sign({
      repository: parseRepositoryName(params.repository),
      reference: parseReference(params.reference),
      key: body.key,
      annotations,
      permit: writePermit(caller, context.requestId),
      mayUse: async (project) => {
        if (await caller.mayProject('signImages', project)) return
        throw new BerthError(
          'denied',
          `${caller.actor.name} may not sign with the keys of ${project === '' ? 'the instance' : `the project ${project}`}: that takes a maintainer there.`,
        )
      },
    })
    return { body: signed }
  }),
]

/** Throws `manifestUnknown`, which the door answers as `notFound`. */
async function resolve(
  { registryManifests }: ManagementDoor,
  params: { repository: string; reference: string },
): Promise<{ repository: RepositoryName; digest: Digest }> {
  const repository = parseRepositoryName(params.repository)
  const { digest } = await registryManifests.getManifest(
    repository,
    parseReference(params.reference),
  )
  return { repository, digest }
}

async function readVerdicts(door: ManagementDoor, repository: RepositoryName, digest: Digest) {
  const verdicts = await door.signatures.readVerdicts(repository, digest)
  const good = verdicts.filter(({ state, what }) => state === 'verified' && what === 'signature')
  return {
    digest,
    signedBy: [...new Set(good.map(({ identity }) => identity))],
    items: verdicts,
  }
}

function toProvenance({ facts, ...provenance }: Provenance) {
  return {
    ...provenance,
    build: facts
      ? {
          ...facts,
          source: facts.source ?? null,
          startedOn: facts.startedOn ?? null,
          finishedOn: facts.finishedOn ?? null,
          materials: facts.materials.slice(0, materialsMax),
          materialCount: facts.materials.length,
        }
      : null,
  }
}
