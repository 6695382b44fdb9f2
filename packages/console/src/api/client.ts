import {
  ApiProblem,
  type ClientAnswer,
  type ClientRequest,
  createClient,
} from '@berth/api/client.ts'
import type { Route } from '@berth/api/route.ts'
import { berthUrl } from './address.ts'
import { noteAnswer, noteNoAnswer, noteRequest, noteTooMany } from './connection.ts'
import { askToSignInAgain, csrfToken, isSignedIn, noteRefusal } from './session-state.ts'

const pauseSeconds = 5
const credentialFaults = new Set([
  'invalidCredentials',
  'secondFactorRequired',
  'secondFactorInvalid',
])

const client = createClient({
  baseUrl: berthUrl,
  credentials: { kind: 'session', csrfToken },
  fetch: watchedFetch,
})

/** Notes on the way whether the server is there. Throws what `fetch` throws. */
async function watchedFetch(...given: Parameters<typeof fetch>): Promise<Response> {
  let answer: Response
  const end = noteRequest()
  try {
    answer = await fetch(...given)
  } catch (error) {
    if (!(error instanceof DOMException && error.name === 'AbortError')) noteNoAnswer()
    throw error
  } finally {
    end()
  }
  // A proxy whose server is gone answers with these.
  if (answer.status === 502 || answer.status === 504) noteNoAnswer()
  else noteAnswer()
  return answer
}

/**
 * One request. When the session has ended meanwhile, whoever sits there is asked to sign in again, above the page, and the
 * request is sent again afterwards: nothing that was typed is lost. Throws `ApiProblem`, or what `fetch` throws.
 */
export async function callApi<R extends Route>(
  route: R,
  request: ClientRequest<R>,
): Promise<ClientAnswer<R>> {
  return withSession(route, () => client.call(route, request))
}

/** Whether whoever asked may not read it, or may not know that it is there. */
export function isRefusal(error: unknown): error is ApiProblem {
  return error instanceof ApiProblem && [401, 403, 404].includes(error.status)
}

/** As `callApi`, for a route that streams: the whole of it as text. */
export async function readApiText<R extends Route>(
  route: R,
  request: ClientRequest<R>,
): Promise<string> {
  return withSession(route, async () => (await client.stream(route, request)).text())
}

/** Sends a request; when the session has ended meanwhile, once more after signing in again. */
export async function withSession<Result>(
  route: Route,
  send: () => Promise<Result>,
): Promise<Result> {
  try {
    return await send()
  } catch (error) {
    if (error instanceof ApiProblem) noteProblem(route, error)
    const isEnded = error instanceof ApiProblem && isOfSession(error) && isSignedIn()
    if (!isEnded || isSignIn(route) || route.path === '/session') throw error
    await askToSignInAgain()
    return send()
  }
}

/** A password that was asked for beside the session, to be sure who sits there, may be wrong as well. */
function isOfSession({ status, details }: ApiProblem): boolean {
  return status === 401 && !details.some(({ reason }) => credentialFaults.has(String(reason)))
}

/** There wrong credentials are refused with 401, and too many of them with 429. */
function isSignIn({ open, secret }: Route): boolean {
  return open === true && secret === true
}

function noteProblem(route: Route, { status, kind, retryAfterSeconds }: ApiProblem): void {
  // Where codes and passwords are guessed, the pause is that of one form, which says so itself.
  const isGuess = isSignIn(route) || route.topic === 'Device sign-in'
  if (status === 429 && !isGuess) noteTooMany(retryAfterSeconds ?? pauseSeconds)
  if (kind === 'denied') noteRefusal(route.method !== 'GET')
}

/** The address of a route, for links that the browser itself follows, such as downloads. */
export function apiAddress(path: string): string {
  return `${berthUrl}/api/v1${path}`
}
