import { Transform } from 'node:stream'
import { BerthError } from '../errors.ts'

/** Lets bytes through up to a limit. Beyond it the stream fails with `requestInvalid`. */
export function limitBytes(max: number): Transform {
  let seen = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length
      if (seen <= max) done(null, chunk)
      else done(new BerthError('requestInvalid', `The body is longer than ${max} bytes.`))
    },
  })
}
