import type { Digest } from '@berth/oci/digest.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'
import { BerthError } from '../errors.ts'
import type { Database } from '../metadata/database.ts'
import { unjudgedAmong } from '../metadata/unjudged-signatures.ts'
import type { SignatureVerification } from './verification.ts'

/**
 * Judges at once what the job after a push has not come to yet: whoever signs and pulls in the next moment must not be told
 * that nothing is signed.
 */
export class SignatureSettlement {
  readonly #database: Database
  readonly #verification: SignatureVerification
  readonly #underWay = new Map<string, Promise<unknown>>()

  constructor(parts: { database: Database; verification: SignatureVerification }) {
    this.#database = parts.database
    this.#verification = parts.verification
  }

  /**
   * Afterwards, the verdicts on these subjects count every signature whose push was answered before. One read by key when
   * none is waiting. What cannot be judged or kept now, as on a full disk, is left to the job: pulls go on.
   */
  async settle(
    repository: { readonly id: number; readonly name: string },
    subjects: readonly string[],
  ): Promise<void> {
    const waiting = await unjudgedAmong(this.#database.read, repository.id, subjects)
    for (const { subject, arrival } of waiting) {
      try {
        await this.#judgeOnce(arrival, repository.name as RepositoryName, subject as Digest)
      } catch (error) {
        if (!(error instanceof BerthError)) throw error
      }
    }
  }

  /** Whoever saw the same arrival as the last one may wait for the same judgement. */
  #judgeOnce(arrival: string, repository: RepositoryName, subject: Digest): Promise<unknown> {
    let judging = this.#underWay.get(arrival)
    if (!judging) {
      judging = this.#verification.verify(repository, subject)
      this.#underWay.set(arrival, judging)
      const end = () => this.#underWay.delete(arrival)
      judging.then(end, end)
    }
    return judging
  }
}
