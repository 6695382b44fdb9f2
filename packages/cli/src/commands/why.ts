import { explainDecision } from '@berth/api/decisions.ts'
import { formatImageReference, parseImageReference } from '@berth/client/image-reference.ts'
import { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { formatEvaluation } from '../policy/format-evaluation.ts'
import { printable } from '../printable.ts'

/** `berth why`: why an image may be pulled from a Berth, or why not, and what mends it. */
export function whyCommand(context: CommandContext): Command {
  return new Command('why')
    .description('tell why an image may be pulled, or why not, and what would mend it')
    .argument('<image>', 'registry/repository:tag or registry/repository@sha256:…, in a Berth')
    .addHelpText(
      'after',
      `
Ends with code 9 when the image is blocked.

Examples:
  berth why 127.0.0.1:5000/acme/api:1.4`,
    )
    .action((image: string) => why(context, image))
}

async function why(context: CommandContext, image: string): Promise<void> {
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
