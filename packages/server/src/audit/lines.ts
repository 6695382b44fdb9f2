import { BerthError } from '../errors.ts'

const lineMax = 256 * 1024

/** The lines of a file of UTF-8. Throws `requestInvalid` for a line beyond 256 KiB: such a file is no export. */
export async function* readLines(source: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of source) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > lineMax) {
      throw new BerthError(
        'requestInvalid',
        `The file has a line of more than ${lineMax} characters.`,
        {
          details: [{ rule: 'lineLength' }],
        },
      )
    }
    yield* lines
  }
  rest += decoder.decode()
  if (rest !== '') yield rest
}
