import { Unreadable } from '@berth/scanner/detector.ts'
import type { Digest } from '@berth/oci/digest.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'
import { predicateNameOf } from '@berth/signing/predicates/predicate-types.ts'
import type { Transaction } from '../metadata/database.ts'
import {
  attestedVexRows,
  insertVexStatements,
  revokeAttestedVex,
  revokeVexRows,
  type VexRow,
} from '../metadata/vex-statements.ts'
import { toVexRow, type VexInput } from './vex-inputs.ts'

type Attestation = {
  readonly source: string
  readonly identity: string
  readonly predicateType: string
  readonly predicate: unknown
}
type Said = { readonly attestation: Omit<Attestation, 'predicate'>; readonly input: VexInput }

/** Of all attestations of one image together. */
const statementsMax = 5000

/** What verified OpenVEX attestations say of the image that they are about. Others are passed over. */
export class AttestedVex {
  readonly #now: () => number

  constructor(parts: { now: () => number }) {
    this.#now = parts.now
  }

  begin(repository: RepositoryName, subject: Digest) {
    const said: Said[] = []
    return {
      add: async ({ predicate, ...attestation }: Attestation) => {
        if (predicateNameOf(attestation.predicateType) !== 'openvex') return
        const inputs = await readStatements(predicate, repository, subject)
        const left = statementsMax - said.length
        said.push(...inputs.slice(0, left).map((input) => ({ attestation, input })))
      },
      save: (tx: Transaction, { projectId }: { readonly projectId: number }) =>
        this.#save(tx, { repository, subject, projectId, said }),
    }
  }

  withdraw(tx: Transaction, gone: Parameters<typeof revokeAttestedVex>[1]): Promise<void> {
    return revokeAttestedVex(tx, gone, this.#moment())
  }

  /** What stays as it was is not written: every change makes policies judge anew. */
  async #save(
    tx: Transaction,
    state: { repository: string; subject: string; projectId: number; said: readonly Said[] },
  ): Promise<void> {
    const { repository, subject, projectId, said } = state
    const wanted = new Map<string, VexRow>()
    for (const { attestation, input } of said) {
      const row = toVexRow(input, {
        projectId,
        author: attestation.identity,
        source: 'attestation',
        sourceDigest: attestation.source,
        at: this.#moment(),
      })
      wanted.set(keyOf(row), row)
    }
    const gone: string[] = []
    for (const row of await attestedVexRows(tx, repository, subject)) {
      if (!wanted.delete(keyOf(row))) gone.push(row.id)
    }
    await revokeVexRows(tx, gone, this.#moment())
    await insertVexStatements(tx, [...wanted.values()])
  }

  #moment(): string {
    return new Date(this.#now()).toISOString()
  }
}

/** What cannot be read says nothing; its signature is good all the same. */
async function readStatements(
  predicate: unknown,
  repository: string,
  subject: Digest,
): Promise<VexInput[]> {
  const [, sha256 = ''] = subject.split(':')
  // A document without products speaks of what the attestation is about.
  const statement = { _type: 'attestation', subject: [{ digest: { sha256 } }], predicate }
  // Loaded when there is a document: the server starts faster without.
  const { readVexInputs } = await import('./vex-document.ts')
  try {
    return readVexInputs(statement, { repository, image: subject }).inputs
  } catch (error) {
    if (error instanceof Unreadable) return []
    throw error
  }
}

function keyOf(row: VexRow): string {
  const { source_digest: source, author, vulnerability, package: name } = row
  const { status, justification, statement } = row
  return JSON.stringify([source, author, vulnerability, name, status, justification, statement])
}
