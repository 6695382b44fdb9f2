import { ClientError } from '@berth/client/client-error.ts'
import type { KindName } from '@berth/client/kinds/kind.ts'
import { quote } from '@berth/oci/oci-error.ts'
import { parse } from 'yaml'
import { z } from 'zod'

/** What one registry asks for. */
export type Price = {
  /** For a GiB that is kept for a month. */
  readonly storage: number
  /** For a GiB that is read from outside; undefined when nothing was said. */
  readonly egress: number | undefined
  /** Shown behind amounts as it is; empty when nothing was said. */
  readonly currency: string
}

/** Prices by kind of registry, of which none is known from the start. */
export type Prices = { readonly priceOf: (kind: KindName, registry: string) => Price | undefined }

const gibibyte = 1024 ** 3
const amount = z.number().nonnegative().max(1e6)
const entry = z.strictObject({ storage: amount, egress: amount.optional() })
const tableSchema = z.strictObject({
  currency: z
    .string()
    .regex(/^[\p{L}\p{Sc}]{1,8}$/u)
    .optional(),
  storage: amount.optional(),
  egress: amount.optional(),
  kinds: z.record(z.string(), entry).optional(),
  registries: z.record(z.string(), entry).optional(),
})

/** One price for the storage of every registry. Throws `inputInvalid` when it is no amount. */
export function readPrice(text: string): Prices {
  const storage = Number(text)
  if (!/^\d{1,6}(?:\.\d{1,6})?$/.test(text) || Number.isNaN(storage)) {
    throw new ClientError('inputInvalid', `${quote(text)} is not a price.`, {
      next: 'Write what a GiB costs for a month, such as --price 0.10.',
    })
  }
  return { priceOf: () => ({ storage, egress: undefined, currency: '' }) }
}

/**
 * Reads a price table in YAML: `storage` and `egress` for all, or below `kinds` and `registries` for some; the nearest
 * one counts. Throws `inputInvalid` with what is wrong and where.
 */
export function readPriceTable(text: string, file: string): Prices {
  let body: unknown
  try {
    body = parse(text, { maxAliasCount: 0 })
  } catch (cause) {
    throw invalid(file, cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : '', cause)
  }
  const read = tableSchema.safeParse(body)
  if (!read.success) {
    const [issue] = read.error.issues
    const where = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `
    throw invalid(file, `${where}${issue?.message ?? ''}`, read.error)
  }
  const { currency = '', storage, egress, kinds = {}, registries = {} } = read.data
  return {
    priceOf: (kind, registry) => {
      const own = Object.hasOwn(registries, registry) ? registries[registry] : undefined
      const ofKind = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined
      const found = own ?? ofKind ?? (storage === undefined ? undefined : { storage, egress })
      return found && { storage: found.storage, egress: found.egress ?? egress, currency }
    },
  }
}

/** The price of so many bytes, for a month of storage or for one way out. */
export function priceOfBytes(bytes: number, perGibibyte: number): number {
  return (bytes / gibibyte) * perGibibyte
}

function invalid(file: string, fault: string, cause: unknown): ClientError {
  return new ClientError('inputInvalid', `${file} is not a table of prices: ${fault}.`, {
    cause,
    next: 'See docs/guides/inventory.md for what it looks like.',
  })
}
