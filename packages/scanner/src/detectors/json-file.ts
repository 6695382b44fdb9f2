import type { z } from 'zod'
import { type ScannedFile, Unreadable } from '../detector.ts'

/**
 * The JSON of a file, checked. Throws `Unreadable` for what is no JSON or has another form, and `ScanLimit` beyond
 * `maxBytes`.
 */
export async function readJsonFile<T>(
  file: ScannedFile,
  maxBytes: number,
  schema: z.ZodType<T>,
): Promise<T> {
  return parseJson(await file.read(maxBytes), schema)
}

function parseJson<T>(bytes: Buffer, schema: z.ZodType<T>): T {
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8').replace(/^\uFEFF/, ''))
  } catch (cause) {
    throw new Unreadable(`it is not JSON: ${String(cause)}`, { cause })
  }
  const checked = schema.safeParse(value)
  if (checked.success) return checked.data
  const issue = checked.error.issues[0]
  const place = issue === undefined ? '' : issue.path.join('.')
  throw new Unreadable(
    `it is not what its name says: ${place === '' ? 'the top' : place}: ${issue?.message ?? ''}`,
  )
}
