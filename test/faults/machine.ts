import { test } from 'vitest'

/**
 * A test that needs something a plain machine may lack. Without it the test is reported as skipped, with what was
 * missing in its title; where CI=true it fails instead, so that nothing is left out unnoticed.
 */
export function testWhere(
  title: string,
  lacking: string | undefined,
  body: () => Promise<void>,
  timeoutMs?: number,
): void {
  if (lacking === undefined) {
    test(title, body, timeoutMs)
  } else if (process.env['CI'] === 'true') {
    test(title, () => {
      throw new Error(`This machine lacks ${lacking}.`)
    })
  } else {
    test.skip(`${title} (skipped: this machine lacks ${lacking})`, body)
  }
}
