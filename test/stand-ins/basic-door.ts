import type { Account } from './accounts.ts'
import { mayDo } from './accounts.ts'
import { basicOf, type FrontRequest, type Reply } from './front.ts'

/** The door of a registry that asks for Basic. */
export function admitBasic(
  request: FrontRequest,
  options: {
    readonly accountOf: (name: string, secret: string) => Account | undefined
    readonly unknown: (isShown: boolean) => Reply
    readonly missingRight: (request: FrontRequest, account: Account) => Reply
  },
): Reply | undefined {
  const shown = basicOf(request.headers)
  const account = shown === undefined ? undefined : options.accountOf(shown.name, shown.secret)
  if (account === undefined) return options.unknown(shown !== undefined)
  if (request.repository === undefined || mayDo(account, request.action)) return undefined
  return options.missingRight(request, account)
}
