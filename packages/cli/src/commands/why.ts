import { Command } from 'commander'
import type { CommandContext } from '../context.ts'

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
    .action(async (image: string) => (await import('../policy/run-why.ts')).why(context, image))
}
