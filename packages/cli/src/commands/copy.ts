import { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { copyLocation, formatCopyReport } from '../copy/copy-location.ts'
import { type CopyFlags, readCopyFlags, withCopyOptions } from '../copy/copy-options.ts'
import { isOutput, parseLocation } from '../location.ts'

/** `berth copy`: one image from anywhere to anywhere, with all that belongs to it. */
export function copyCommand(context: CommandContext): Command {
  return withCopyOptions(
    new Command('copy')
      .description('copy an image between registries, layouts, archives and engines')
      .argument('<source>', 'registry/repository:tag, oci:folder, oci-archive:file, docker:image')
      .argument('<target>', 'the same forms; without a tag it is "latest"'),
  )
    .addHelpText(
      'after',
      `
What is there already is not sent again, what another repository of the same
registry holds is mounted, and an upload that broke off is carried on by the
next run. The tags are set last.

Examples:
  berth copy docker.io/library/alpine:3.20 127.0.0.1:5000/library/alpine:3.20
  berth copy --platform linux/arm64 ghcr.io/acme/api:1.4 oci:./api
  berth copy oci-archive:api.tar 127.0.0.1:5000/acme/api:1.4 --tag latest`,
    )
    .action(async (source: string, target: string, flags: CopyFlags) => {
      const to = parseLocation(target)
      const report = await copyLocation(
        { source: parseLocation(source), target: to, ...readCopyFlags(flags) },
        context,
      )
      const text = formatCopyReport(report)
      if (isOutput(to)) context.output.note(text)
      else context.output.result({ json: report, text })
    })
}
