import { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { parseLimit } from '../count-option.ts'
import { splitRepositoryGlob } from '../image-argument.ts'
import { parsePattern } from '../pattern.ts'

/** `berth repositories`: what a registry holds. */
export function repositoriesCommand(context: CommandContext): Command {
  return new Command('repositories')
    .description('list the repositories of a registry')
    .argument('<registry>', 'or with a glob behind it: 127.0.0.1:5000/acme/**')
    .option('--limit <number>', 'show so many at most, or "all"', 'all')
    .addHelpText(
      'after',
      '\nExamples:\n  berth repositories 127.0.0.1:5000\n  berth repositories "127.0.0.1:5000/acme/*"',
    )
    .action((text: string, { limit }: { limit: string }) => list(context, text, limit))
}

async function list(context: CommandContext, text: string, limitText: string): Promise<void> {
  const limit = parseLimit('--limit', limitText)
  const { registry, glob } = splitRepositoryGlob(text)
  const pattern = glob === undefined ? undefined : parsePattern(glob)
  const client = await context.client()
  const found: string[] = []
  for await (const repository of client.listRepositories(registry, context.signal)) {
    if (pattern?.matches(repository) === false) continue
    if (found.length === limit) {
      context.output.note(`The first ${limit}; there are more.`)
      break
    }
    found.push(repository)
  }
  context.output.result({
    json: { registry, repositories: found },
    text: found.map((repository) => `${registry}/${repository}`).join('\n'),
  })
}
