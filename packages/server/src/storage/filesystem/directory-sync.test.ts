import { closeSync, openSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { expect, it } from 'vitest'
import { DirectorySync } from './directory-sync.ts'
import { Lanes } from './lanes.ts'

class CountingLanes extends Lanes {
  runs = 0

  override async run<T>(act: () => Promise<T>): Promise<T> {
    this.runs += 1
    return await super.run(act)
  }
}

it('shares one sync among all who arrive while another runs, and never the one that runs', async () => {
  const fd = openSync(tmpdir(), 'r')
  const lanes = new CountingLanes(4)
  const directory = new DirectorySync(fd, lanes)
  const first = directory.sync()
  const later = [directory.sync(), directory.sync(), directory.sync()]
  await first
  await Promise.all(later)
  expect(lanes.runs).toBe(2)
  await directory.sync()
  expect(lanes.runs).toBe(3)
  closeSync(fd)
})

it('fails everyone who shared a failed sync, and none who comes after it is mended', async () => {
  const fd = openSync('/dev/null', 'r')
  const directory = new DirectorySync(fd, new Lanes(1))
  const results = await Promise.allSettled([directory.sync(), directory.sync(), directory.sync()])
  expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected', 'rejected'])
  closeSync(fd)
  expect(openSync(tmpdir(), 'r')).toBe(fd)
  await directory.sync()
  closeSync(fd)
})
