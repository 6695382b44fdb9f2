import {
  deleteInstancePolicy,
  deletePolicy,
  readInstancePolicy,
  readPolicy,
  setInstancePolicy,
  setPolicy,
  testInstancePolicy,
  testPolicy,
} from '@berth/api/policies.ts'
import { policyDocumentMax } from '@berth/api/policy-document.ts'
import type { CommandContext } from '../context.ts'
import { openPlace, parsePolicyPlace } from './place.ts'
import { formatTrial, type TriedImage } from './format-trial.ts'
import { readInput } from '../sign/read-input.ts'

const pageSize = 50

export async function show(context: CommandContext, text: string): Promise<void> {
  const place = parsePolicyPlace(text)
  const api = await openPlace(context, place)
  const { signal } = context
  const { body } =
    place.project === ''
      ? await api.call(readInstancePolicy, { signal })
      : await api.call(readPolicy, { params: { project: place.project }, signal })
  context.output.result({ json: body, text: body.document.trimEnd() })
}

export async function set(context: CommandContext, text: string, file: string): Promise<void> {
  const place = parsePolicyPlace(text)
  const body = { document: await readDocument(context, file) }
  const api = await openPlace(context, place)
  const { signal } = context
  const { body: policy } =
    place.project === ''
      ? await api.call(setInstancePolicy, { body, signal })
      : await api.call(setPolicy, { params: { project: place.project }, body, signal })
  context.output.result({
    json: policy,
    text: `Version ${policy.version} is in force, with ${policy.rules.length} rules.`,
  })
}

export async function remove(context: CommandContext, text: string): Promise<void> {
  const place = parsePolicyPlace(text)
  const api = await openPlace(context, place)
  const { signal } = context
  if (place.project === '') await api.call(deleteInstancePolicy, { signal })
  else await api.call(deletePolicy, { params: { project: place.project }, signal })
  context.output.result({ json: { removed: true }, text: 'The policy is removed.' })
}

export async function tryOut(
  context: CommandContext,
  text: string,
  file: string | undefined,
  flags: { all?: true },
): Promise<void> {
  const place = parsePolicyPlace(text)
  const document = file === undefined ? undefined : await readDocument(context, file)
  const api = await openPlace(context, place)
  const { signal, output } = context
  const images: TriedImage[] = []
  for (let after: string | undefined; ; ) {
    const body = {
      limit: pageSize,
      ...(document !== undefined && { document }),
      ...(after !== undefined && { after }),
    }
    const { body: page } =
      place.project === ''
        ? await api.call(testInstancePolicy, { body, signal })
        : await api.call(testPolicy, { params: { project: place.project }, body, signal })
    images.push(...page.items)
    if (page.next === null) break
    after = page.next
    output.note(`${images.length} images tried`)
  }
  output.result({ json: { images }, text: formatTrial(images, flags.all === true, output) })
  if (images.some(({ tried }) => tried.decision === 'deny')) output.exit = 'difference'
}

async function readDocument(context: CommandContext, file: string): Promise<string> {
  const read = { flag: 'The policy', maxBytes: policyDocumentMax }
  return (await readInput(context, file, read)).toString()
}
