import { randomBytes } from 'node:crypto'
import { parseRepositoryName } from '@berth/oci/reference.ts'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UploadLocations } from './upload-location.ts'

const repository = parseRepositoryName('library/alpine')
const locations = new UploadLocations(randomBytes(32))

function stateOf(location: string): string | null {
  return new URL(location, 'http://registry').searchParams.get('state')
}

describe('the Location of an upload session', () => {
  it('end-5 is relative and gives back the offset it was written with', () => {
    const location = locations.format(repository, { id: 'abc123', offset: 1_048_576 })
    expect(location).toMatch(/^\/v2\/library\/alpine\/blobs\/uploads\/abc123\?/)
    expect(locations.readOffset('abc123', stateOf(location))).toBe(1_048_576)
  })

  it('end-5 is worth nothing for another session or under another key', () => {
    const state = stateOf(locations.format(repository, { id: 'abc123', offset: 7 }))
    expect(locations.readOffset('abc124', state)).toBeUndefined()
    expect(new UploadLocations(randomBytes(32)).readOffset('abc123', state)).toBeUndefined()
  })

  it('end-5 a changed offset or any other text is no offset', () => {
    const state = stateOf(locations.format(repository, { id: 'abc123', offset: 7 })) ?? ''
    expect(locations.readOffset('abc123', state.replace(/^7/, '8'))).toBeUndefined()
    expect(locations.readOffset('abc123', null)).toBeUndefined()
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(locations.readOffset('abc123', text)).toBeUndefined()
      }),
    )
  })
})
