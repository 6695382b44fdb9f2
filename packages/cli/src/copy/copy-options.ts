import { ClientError } from '@berth/client/client-error.ts'
import type { Command } from 'commander'
import { parseTagArgument } from '../image-argument.ts'
import type { LocationCopy } from './copy-location.ts'
import { parsePlatformOption } from './platforms.ts'

export type CopyFlags = {
  readonly tag?: readonly string[]
  readonly platform?: readonly string[]
  readonly referrers: boolean
  readonly parallel?: string
}

const parallelMax = 64

/** The options that everything that copies images has in common; with `tags: false` all but `--tag`. */
export function withCopyOptions(command: Command, { tags = true } = {}): Command {
  const named = tags
    ? command.option('-t, --tag <tag>', 'set this tag too; may be repeated', collect)
    : command
  return named
    .option('--platform <os/architecture>', 'only this platform; may be repeated', collect)
    .option('--no-referrers', 'leave signatures, SBOMs and other referrers behind')
    .option('--parallel <number>', 'blobs under way at a time (default: 6)')
}

/** Throws `inputInvalid`, `referenceInvalid`. */
export function readCopyFlags(
  flags: CopyFlags,
): Pick<LocationCopy, 'tags' | 'platforms' | 'referrers' | 'parallel'> {
  return {
    tags: (flags.tag ?? []).map(parseTagArgument),
    platforms: (flags.platform ?? []).map(parsePlatformOption),
    referrers: flags.referrers,
    parallel: readParallel(flags.parallel),
  }
}

/** For commander: an option that may be given several times. */
export function collect(value: string, earlier: string[] | undefined): string[] {
  return [...(earlier ?? []), value]
}

function readParallel(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1 && number <= parallelMax) return number
  throw new ClientError(
    'inputInvalid',
    `--parallel ${text} is not a number from 1 to ${parallelMax}.`,
  )
}
