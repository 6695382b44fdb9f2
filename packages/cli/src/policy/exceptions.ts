import {
  createInstancePolicyException,
  createPolicyException,
  endInstancePolicyException,
  endPolicyException,
  listInstancePolicyExceptions,
  listPolicyExceptions,
} from '@berth/api/policy-exceptions.ts'
import { ClientError } from '@berth/client/client-error.ts'
import type { CommandContext } from '../context.ts'
import { printable } from '../printable.ts'
import { formatTable } from '../table.ts'
import { openPlace, parsePolicyPlace } from './place.ts'

export type ExceptionFlags = {
  rule?: string
  vulnerability?: string
  package?: string
  repositories?: string
  reason: string
  until: string
}

const pageSize = 100

/** Lets something pass until a day, with who and why. Throws `inputInvalid` for what is no day. */
export async function allowUntil(
  context: CommandContext,
  where: string,
  flags: ExceptionFlags,
): Promise<void> {
  const { reason, until, rule, vulnerability, repositories } = flags
  const body = {
    reason,
    endsAt: parseEnd(until),
    ...(rule !== undefined && { rule }),
    ...(vulnerability !== undefined && { vulnerability }),
    ...(flags.package !== undefined && { package: flags.package }),
    ...(repositories !== undefined && { repositories }),
  }
  const place = parsePolicyPlace(where)
  const api = await openPlace(context, place)
  const { signal } = context
  const { body: made } =
    place.project === ''
      ? await api.call(createInstancePolicyException, { body, signal })
      : await api.call(createPolicyException, { params: { project: place.project }, body, signal })
  context.output.result({
    json: made,
    text: `It passes until ${made.endsAt}. End it before with: berth policy disallow ${where} ${made.id}`,
  })
}

/** Ends an exception now. */
export async function disallow(context: CommandContext, where: string, id: string): Promise<void> {
  const place = parsePolicyPlace(where)
  const api = await openPlace(context, place)
  const { signal } = context
  if (place.project === '') {
    await api.call(endInstancePolicyException, { params: { exception: id }, signal })
  } else {
    await api.call(endPolicyException, {
      params: { project: place.project, exception: id },
      signal,
    })
  }
  context.output.result({ json: { id, ended: true }, text: 'It passes no more.' })
}

/** Those in force, or with `all` those that ended too. */
export async function listExceptions(
  context: CommandContext,
  where: string,
  flags: { all?: true },
): Promise<void> {
  const place = parsePolicyPlace(where)
  const api = await openPlace(context, place)
  const { signal, output } = context
  const items = []
  for (let after: string | undefined; ; ) {
    const query = {
      limit: pageSize,
      state: flags.all === true ? ('all' as const) : ('active' as const),
      ...(after !== undefined && { after }),
    }
    const { body } =
      place.project === ''
        ? await api.call(listInstancePolicyExceptions, {
            query: { ...query, scope: 'instance' },
            signal,
          })
        : await api.call(listPolicyExceptions, {
            params: { project: place.project },
            query,
            signal,
          })
    items.push(...body.items)
    if (body.next === null) break
    after = body.next
  }
  output.result({
    json: { items },
    text:
      items.length === 0
        ? 'There is no exception.'
        : formatTable(
            [
              { title: 'ID' },
              { title: 'WHAT' },
              { title: 'REPOSITORIES', shrinks: true, yields: 1 },
              { title: 'UNTIL' },
              { title: 'BY' },
              { title: 'REASON', shrinks: true },
            ],
            items.map((each) =>
              [
                each.id,
                [each.rule, each.vulnerability, each.package]
                  .filter((text) => text !== null)
                  .join(' '),
                each.repositories,
                (each.endedAt ?? each.endsAt).slice(0, 10),
                each.author,
                each.reason,
              ].map(printable),
            ),
            output.columns,
          ),
  })
}

/** A day means its end, in UTC. */
function parseEnd(text: string): string {
  const day = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T23:59:59.999Z` : text
  const time = new Date(day)
  if (Number.isNaN(time.getTime())) {
    throw new ClientError('inputInvalid', `--until ${text} is no day.`, {
      next: 'Write it as 2027-01-31, or with a time as 2027-01-31T12:00:00Z.',
    })
  }
  return time.toISOString()
}
