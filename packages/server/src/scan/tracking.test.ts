import { describe, expect, test } from 'vitest'
import type { PresentFinding, TrackedFinding } from '../metadata/tracked-findings.ts'
import { changesOf } from './tracking.ts'

const monday = '2026-11-02T10:00:00.000Z'
const tuesday = '2026-11-03T10:00:00.000Z'
const present: PresentFinding = {
  package_name: 'deb:openssl',
  vulnerability: 'CVE-2026-1',
  severity: 'high',
  score: 75,
  fix_available_at: null,
  known_exploited: null,
  is_fixed: false,
}
const { is_fixed: _, ...facts } = present
const tracked: TrackedFinding = {
  ...facts,
  repository_id: 7,
  first_seen_at: monday,
  last_seen_at: monday,
  closed_at: null,
  due_at: null,
}
const dueAt = () => null
const closing = { now: tuesday, mayClose: true, dueAt }

describe('changesOf', () => {
  test('a new finding starts its clock', () => {
    expect(changesOf(7, [present], [], { now: monday, mayClose: true, dueAt })).toEqual([tracked])
  })

  test('the same again on the same day writes nothing; on the next day that it was seen', () => {
    const later = '2026-11-02T23:00:00.000Z'
    expect(changesOf(7, [present], [tracked], { now: later, mayClose: true, dueAt })).toEqual([])
    expect(changesOf(7, [present], [tracked], closing)).toEqual([
      { ...tracked, last_seen_at: tuesday },
    ])
  })

  test('a fix without a date is available from when it was first known, and stays so', () => {
    const [fixed] = changesOf(7, [{ ...present, is_fixed: true }], [tracked], closing)
    expect(fixed?.fix_available_at).toBe(tuesday)
    const dated = { ...present, is_fixed: true, fix_available_at: '2026-11-05T00:00:00.000Z' }
    const [again] = changesOf(7, [dated], [fixed ?? tracked], {
      now: '2026-11-06T00:00:00.000Z',
      mayClose: true,
      dueAt,
    })
    expect(again?.fix_available_at).toBe(tuesday)
  })

  test('what is gone is closed, unless an image has yet to be looked into', () => {
    expect(changesOf(7, [], [tracked], closing)).toEqual([{ ...tracked, closed_at: tuesday }])
    expect(changesOf(7, [], [tracked], { now: tuesday, mayClose: false, dueAt })).toEqual([])
    expect(changesOf(7, [], [{ ...tracked, closed_at: monday }], closing)).toEqual([])
  })

  test('what comes back goes on where its clock began', () => {
    const closed = { ...tracked, closed_at: monday }
    expect(changesOf(7, [present], [closed], closing)).toEqual([
      { ...tracked, last_seen_at: tuesday, closed_at: null },
    ])
  })

  test('a severity that rises keeps the first day', () => {
    const worse = { ...present, severity: 'critical', score: 98 } as const
    expect(changesOf(7, [worse], [tracked], closing)).toMatchObject([
      { severity: 'critical', score: 98, first_seen_at: monday },
    ])
  })
})
