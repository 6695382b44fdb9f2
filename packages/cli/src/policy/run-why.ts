import { explainDecision } from '@berth/api/decisions.ts'
import { formatImageReference, parseImageReference } from '@berth/client/image-reference.ts'
import type { CommandContext } from '../context.ts'
import { formatEvaluation } from './format-evaluation.ts'
import { printable } from '../printable.ts'

export async function why(context: CommandContext, image: string): Promise<void> {
  const { output, signal } = context
  const reference = parseImageReference(image)
  const api = await (await context.client()).berthApi(reference.registry, signal)
  const { body } = await api.call(explainDecision, {
    params: {
      repository: reference.repository,
      reference: reference.digest ?? reference.tag ?? 'latest',
    },
    signal,
  })
  const name = formatImageReference(reference)
  const { inputs } = body
  const judgedBy = [
    ...inputs.policies.map(
      ({ project, version }) =>
        `policy of ${project === '' ? 'the instance' : printable(project)}, version ${version}`,
    ),
    ...inputs.images.map(
      ({ platform, scan }) =>
        `scan of ${platform ?? 'the image'}: ${scan.state}${scan.matchedAt === null ? '' : `, compared ${scan.matchedAt.slice(0, 16)}`}`,
    ),
    ...inputs.signatures.map(({ identity, what }) => `${what} of ${printable(identity)}`),
  ]
  output.result({
    json: body,
    text: [
      formatEvaluation(name, body, output),
      inputs.policies.length === 0
        ? 'No policy holds here.'
        : `Judged by:\n  ${judgedBy.join('\n  ')}`,
    ].join('\n\n'),
  })
  if (body.decision === 'deny') output.exit = 'difference'
}
