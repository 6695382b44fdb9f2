import { ClientError } from '@berth/client/client-error.ts'
import type { ContentSource } from '@berth/client/content.ts'
import type { TargetPlatform } from '@berth/oci/platform.ts'
import type { Reference } from '@berth/oci/reference.ts'
import { Command, Option } from 'commander'
import type { CommandContext } from '../context.ts'
import { parsePlatformOption } from '../copy/platforms.ts'
import { formatReport } from '../inspect/format-report.ts'
import { ImageSummaries } from '../inspect/image-summary.ts'
import { readChosen, readReport } from '../inspect/read-report.ts'
import { readSmallBlob } from '../inspect/small-blob.ts'
import { formatLocation, openSource, parseLocation } from '../location.ts'
import { printable } from '../printable.ts'

type Options = { platform?: string; raw?: boolean; config?: boolean }

/** `berth inspect`: what is in an image, without pulling it. */
export function inspectCommand(context: CommandContext): Command {
  return new Command('inspect')
    .description('show what is in an image: platforms, layers, config, signatures')
    .argument('<image>', 'in a registry, or in a layout or archive: oci:./folder:tag')
    .option('--platform <platform>', 'show the image of this one: linux/arm64')
    .addOption(new Option('--raw', 'print the manifest, byte for byte').conflicts('config'))
    .option('--config', 'print the config, byte for byte')
    .addHelpText(
      'after',
      `
Values that look like secrets are masked in everything but --config.

Examples:
  berth inspect 127.0.0.1:5000/acme/api:1.2
  berth inspect 127.0.0.1:5000/acme/api:1.2 --platform linux/arm64
  berth inspect 127.0.0.1:5000/acme/api:1.2 --raw | sha256sum`,
    )
    .action((image: string, options: Options) => inspect(context, image, options))
}

async function inspect(context: CommandContext, image: string, options: Options): Promise<void> {
  const { output, signal, terminal } = context
  const location = parseLocation(image)
  const platform =
    options.platform === undefined ? undefined : parsePlatformOption(options.platform)
  const { source, reference, close } = await openSource(location, context)
  try {
    const name = formatLocation(location)
    if (options.raw === true || options.config === true) {
      const what = options.raw === true ? 'manifest' : 'config'
      const bytes = await readBytes(source, reference, { what, name, platform, signal })
      await new Promise<void>((resolve) => {
        terminal.stdout.write(bytes, () => resolve())
      })
      return
    }
    const { report, fault } = await readReport(source, reference, { name, platform, signal })
    if (fault !== undefined)
      output.warn(`Not all that is about the image could be listed: ${fault}`)
    const secrets = report.image?.environment.filter(({ isMasked }) => isMasked) ?? []
    if (secrets.length > 0) {
      const names = printable(secrets.map((each) => each.name).join(', '))
      output.warn(
        `${names} in the environment looks like a secret: whoever can pull the image can read it.`,
      )
    }
    output.result({ json: report, text: output.isJson ? '' : formatReport(report, output) })
  } finally {
    await close()
  }
}

async function readBytes(
  source: ContentSource,
  reference: Reference,
  given: {
    what: 'manifest' | 'config'
    name: string
    platform: TargetPlatform | undefined
    signal: AbortSignal
  },
): Promise<Buffer> {
  const { what, name, platform, signal } = given
  const top = await source.readManifest(reference, signal)
  if (what === 'manifest' && platform === undefined) return top.bytes
  const summaries = new ImageSummaries(source, signal)
  const isIndex = top.parsed.kind === 'index'
  const summary = await summaries.readDigest(top.descriptor.digest)
  const chosen =
    isIndex && summary !== undefined
      ? await readChosen(summaries, summary, { name, platform })
      : summary
  if (chosen === undefined) throw new ClientError('notFound', `${name} has no image.`)
  if (what === 'manifest') {
    return (await source.readManifest({ kind: 'digest', digest: chosen.digest }, signal)).bytes
  }
  const { config } = chosen.parsed
  if (config === undefined) throw new ClientError('notFound', `${name} has no config.`)
  return readSmallBlob(source, config, signal)
}
