import { ClientError, isClientError } from '@berth/client/client-error.ts'
import type { Severity } from '@berth/scanner/finding.ts'
import type { CommandContext } from '../context.ts'
import { advisoriesFile, openAdvisoriesFile } from '../scan/advisories-file.ts'
import { parseSeverity } from '../scan/severity.ts'
import { type SignOne, signingHere, signingThere } from '../sign/sign-images.ts'
import { openSigner } from '../sign/signer.ts'
import type { BuildFile } from './build-file.ts'
import type { Built } from './build-work.ts'
import { type BuildScan, scanBuilt } from './scan-built.ts'
import { parseSigningKey, type SigningKey } from './signing-key.ts'

/** What flags say: `true` takes what the file says, `false` leaves it away, `undefined` does as the file says. */
export type SupplyChainFlags = {
  /** A severity to fail on, as text. */
  readonly scan: string | boolean | undefined
  /** A key file, or `berth:<name>`. */
  readonly sign: string | boolean | undefined
  /** The database of advisories. */
  readonly advisories: string | undefined
}

/** What is done with images once they are built and pushed. */
export type SupplyChainPlan = {
  readonly scan: { readonly failOn: Severity | undefined } | undefined
  readonly sign: SigningKey | undefined
}

/** What became of one service. */
export type SupplyChainResult = {
  readonly scan: BuildScan | undefined
  /** The manifest that carries the signature. */
  readonly signature: string | undefined
  /** Why it could not be scanned or signed. What a scan found is no fault. */
  readonly fault: unknown
}

/** Puts flags over the file. Throws `inputInvalid` for what is no severity, and for signing without a key or a push. */
export function planSupplyChain(
  { scan, sign }: Pick<SupplyChainFlags, 'scan' | 'sign'>,
  { supplyChain }: Pick<BuildFile, 'supplyChain'>,
  isPush: boolean,
): SupplyChainPlan {
  if (sign !== undefined && sign !== false && !isPush) {
    throw new ClientError('inputInvalid', 'What is not pushed cannot be signed.', {
      next: 'Leave away either --sign or --no-push.',
    })
  }
  if (sign === true && supplyChain.sign === undefined) {
    throw new ClientError(
      'inputInvalid',
      'Whose key signs? --sign names none, nor does the file.',
      {
        next: 'Write --sign release.key, --sign berth:release, or supplyChain.sign in the file.',
      },
    )
  }
  const key = typeof sign === 'string' ? parseSigningKey(sign) : supplyChain.sign
  return {
    scan: planScan(scan, supplyChain.scan),
    sign: sign === false || !isPush ? undefined : key,
  }
}

function planScan(
  flag: string | boolean | undefined,
  ofFile: Severity | boolean,
): SupplyChainPlan['scan'] {
  if (flag === false || (flag === undefined && ofFile === false)) return undefined
  if (typeof flag === 'string') return { failOn: parseSeverity('--scan', flag) }
  return { failOn: typeof ofFile === 'string' ? ofFile : undefined }
}

/**
 * Opens what scanning and signing need: advisories and key. Before anything is built, so that a missing database or a
 * wrong password is told then. `close` has to be called. Throws `notFound`, `localFault`, `inputInvalid`.
 */
export async function openSupplyChain(
  context: CommandContext,
  plan: SupplyChainPlan,
  { advisories }: Pick<SupplyChainFlags, 'advisories'>,
): Promise<{
  /** Scans, then signs those that passed and are among `pushed`. Throws `cancelled`. */
  readonly run: (
    built: readonly Built[],
    pushed: readonly Built[],
  ) => Promise<ReadonlyMap<string, SupplyChainResult>>
  readonly close: () => void
}> {
  const sign = plan.sign === undefined ? undefined : await openSigning(context, plan.sign)
  const { scan } = plan
  const database =
    scan === undefined ? undefined : openAdvisoriesFile(advisoriesFile(context, advisories))
  const runOne = async (built: Built, isPushed: boolean): Promise<SupplyChainResult> => {
    let found: BuildScan | undefined
    try {
      if (database !== undefined) {
        found = await scanBuilt(context, database, built, scan?.failOn)
        if (!found.isPassed) return { scan: found, signature: undefined, fault: undefined }
      }
      if (sign === undefined || !isPushed) {
        return { scan: found, signature: undefined, fault: undefined }
      }
      const { digest } = built.root.descriptor
      const signed = await sign({ ...built.plan.service.address, tag: undefined, digest })
      return { scan: found, signature: signed.signature, fault: undefined }
    } catch (error) {
      if (context.signal.aborted || isClientError(error, 'cancelled')) throw error
      return { scan: found, signature: undefined, fault: error }
    }
  }
  return {
    async run(built, pushed) {
      const results = new Map<string, SupplyChainResult>()
      for (const each of built) {
        results.set(each.plan.service.name, await runOne(each, pushed.includes(each)))
      }
      return results
    },
    close: () => database?.close(),
  }
}

async function openSigning(context: CommandContext, key: SigningKey): Promise<SignOne> {
  if (key.kind === 'berth') return signingThere(context, key.name)
  return signingHere(context, await openSigner(context, { key: key.file }))
}
