import { describe, expect, test } from 'vitest'
import type { VexRow } from '../metadata/vex-statements.ts'
import { isSuppressing, judgementOf } from './vex-judging.ts'

const finding = {
  vulnerability: 'CVE-2026-1',
  aliases: ['GHSA-aaaa-bbbb-cccc'],
  kind: 'npm',
  name: '@acme/lib',
  version: '1.0.0',
}
const row = (more: Partial<VexRow>): VexRow => ({
  id: 'a',
  project_id: 1,
  repository: '',
  image_digest: '',
  vulnerability: 'CVE-2026-1',
  package: '',
  status: 'not_affected',
  justification: null,
  statement: null,
  author: 'ada',
  source: 'berth',
  source_digest: '',
  created_at: '2026-11-01T00:00:00.000Z',
  revoked_at: null,
  revoked_by: null,
  ...more,
})
const status = (rows: VexRow[]) => judgementOf(rows, finding)?.status

describe('judgementOf', () => {
  test('speaks by the vulnerability or another name of it, and by the package', () => {
    expect(status([row({})])).toBe('not_affected')
    expect(status([row({ vulnerability: 'GHSA-aaaa-bbbb-cccc' })])).toBe('not_affected')
    expect(status([row({ vulnerability: 'CVE-2026-2' })])).toBeUndefined()
    expect(status([row({ package: 'npm:@acme/lib' })])).toBe('not_affected')
    expect(status([row({ package: 'npm:@acme/lib@1.0.0' })])).toBe('not_affected')
    expect(status([row({ package: 'npm:@acme/lib@2.0.0' })])).toBeUndefined()
    expect(status([row({ package: 'pypi:@acme/lib' })])).toBeUndefined()
  })

  test('the narrower counts before the wider, then the latest', () => {
    const wide = row({ status: 'not_affected' })
    const narrow = row({ status: 'affected', repository: 'acme/app' })
    expect(status([wide, narrow])).toBe('affected')
    const image = row({ status: 'fixed', image_digest: 'sha256:1' })
    expect(status([narrow, wide, image])).toBe('fixed')
    const version = row({ status: 'affected', package: 'npm:@acme/lib@1.0.0' })
    const any = row({ status: 'not_affected', package: 'npm:@acme/lib' })
    expect(status([any, version])).toBe('affected')
    // The newest stands first.
    expect(status([row({ status: 'fixed' }), row({ status: 'affected' })])).toBe('fixed')
  })

  test('only what says that it does not matter suppresses', () => {
    const suppresses = (said: VexRow['status']) =>
      isSuppressing(judgementOf([row({ status: said })], finding))
    expect(suppresses('not_affected')).toBe(true)
    expect(suppresses('fixed')).toBe(true)
    expect(suppresses('affected')).toBe(false)
    expect(suppresses('under_investigation')).toBe(false)
  })
})
