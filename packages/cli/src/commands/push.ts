import { ClientError } from '@berth/client/client-error.ts'
import { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { copyLocation, formatCopyReport } from '../copy/copy-location.ts'
import { type CopyFlags, readCopyFlags, withCopyOptions } from '../copy/copy-options.ts'
import { engineNames, isEngineName } from '../engines/engine.ts'
import { formatLocation, type Location, parseLocation } from '../location.ts'
import { findLocalImage } from '../push/local-image.ts'

type Flags = CopyFlags & { readonly from?: string }

/** `berth push`: an image of this machine to a registry. */
export function pushCommand(context: CommandContext): Command {
  return withCopyOptions(
    new Command('push')
      .description('push an image of this machine to a registry')
      .argument(
        '<image>',
        'its name in an engine, or oci:folder, docker-archive:file, docker:image',
      )
      .argument('[target]', 'where to, when it is not called so already'),
  )
    .option('--from <engine>', `look in this engine only: ${engineNames.join(', ')}`)
    .addHelpText(
      'after',
      `
Without a target the image goes where its name says. Signatures, SBOMs and other
referrers of a layout go along. The tags are set last.

Examples:
  berth push 127.0.0.1:5000/acme/api:1.4
  berth push docker:api:dev 127.0.0.1:5000/acme/api:1.4 --tag latest
  berth push oci:./out 127.0.0.1:5000/acme/api:1.4`,
    )
    .action(async (image: string, target: string | undefined, flags: Flags) => {
      const { source, to } = await readPush(image, target, flags, context)
      const report = await copyLocation({ source, target: to, ...readCopyFlags(flags) }, context)
      context.output.result({ json: report, text: formatCopyReport(report) })
    })
}

async function readPush(
  image: string,
  target: string | undefined,
  { from }: Flags,
  { terminal, signal }: CommandContext,
): Promise<{ source: Location; to: Location }> {
  if (from !== undefined && !isEngineName(from)) {
    throw new ClientError('inputInvalid', `There is no engine called "${from}".`, {
      next: `Use one of ${engineNames.join(', ')}.`,
    })
  }
  const named = parseLocation(image)
  const to = target === undefined ? named : parseLocation(target)
  if (to.kind !== 'registry') {
    throw new ClientError('inputInvalid', `${formatLocation(to)} is not in a registry.`, {
      next:
        target === undefined
          ? `Say where to: berth push ${image} registry.example.com/acme/api:1.0`
          : 'Use "berth copy" to write folders, archives and engines.',
    })
  }
  const source =
    named.kind === 'registry'
      ? await findLocalImage(named.reference, from, terminal.env, signal)
      : named
  return { source, to }
}
