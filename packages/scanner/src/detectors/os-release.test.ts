import { describe, expect, it } from 'vitest'
import { mergeLayers } from '../layers/merge.ts'
import { readBytes } from '../testing/read-layer.ts'
import { writeLayer } from '../testing/write-layer.ts'

async function distributionOf(files: Readonly<Record<string, string>>) {
  const entries = Object.entries(files).map(([name, content]) => ({ name, content }))
  return mergeLayers([await readBytes(await writeLayer(entries))]).distribution
}

describe('the distribution', () => {
  it.each([
    ['ID=debian\nVERSION_ID="11"\nVERSION_CODENAME=bullseye', 'debian', '11', '2026-08-31'],
    ['ID=debian\nVERSION="9 (stretch)"\nVERSION_ID="9"', 'debian', '9', '2022-06-30'],
    ['ID=debian\nVERSION_CODENAME=trixie', 'debian', 'trixie', undefined],
    ["ID=ubuntu\nVERSION_ID='22.04'", 'ubuntu', '22.04', '2027-06-01'],
    ['ID=alpine\nVERSION_ID=3.19.1', 'alpine', 'v3.19', '2025-11-01'],
    ['ID=alpine\nVERSION_ID=3.21.0_alpha20240807', 'alpine', 'edge', undefined],
    ['ID="rhel"\nVERSION_ID="8.9"', 'rhel', '8', '2029-05-31'],
    ['ID="sles"\nVERSION_ID="15.5"', 'sles', '15.5', '2024-12-31'],
    ['ID="amzn"\nVERSION_ID="2"', 'amzn', '2', '2026-06-30'],
    ['ID=wolfi\nVERSION_ID="20230201"', 'wolfi', '20230201', undefined],
  ])('is read from %j', async (text, id, release, endOfLife) => {
    const distribution = await distributionOf({ 'usr/lib/os-release': text })
    expect(distribution).toMatchObject({ id, release })
    expect(distribution?.endOfLife).toBe(endOfLife)
  })

  it('undoes quotes and backslashes as a shell would', async () => {
    const text = '# x\nID="de\\"b"\nPRETTY_NAME="a \\$b \\\\ c"\nID_LIKE="rhel fedora"\n'
    expect(await distributionOf({ 'etc/os-release': text })).toMatchObject({
      id: 'de"b',
      name: 'a $b \\ c',
      idLike: ['rhel', 'fedora'],
    })
  })

  it('of Alpine is the one of its repositories', async () => {
    const osRelease = 'ID=alpine\nVERSION_ID=3.18.4\n'
    const release = async (repositories: string) =>
      (await distributionOf({ 'etc/os-release': osRelease, 'etc/apk/repositories': repositories }))
        ?.release
    const at = (name: string) => `https://mirror.example/alpine/${name}/main\n`
    expect(await release(at('v3.19') + at('v3.9'))).toBe('v3.19')
    expect(await release(`# ${at('edge')}@edge ${at('edge')}${at('v3.19')}`)).toBe('v3.19')
    expect(await release(at('edge') + at('v3.19'))).toBe('edge')
    expect(await release('https://mirror.example/other\n')).toBe('v3.18')
  })

  it.each([
    ['etc/debian_version', '11.6\n', { id: 'debian', release: '11' }],
    ['etc/debian_version', 'bookworm/sid\n', { id: 'debian', release: 'bookworm' }],
    [
      'etc/redhat-release',
      'CentOS release 6.10 (Final)\n',
      { id: 'centos', release: '6', endOfLife: '2020-11-30' },
    ],
    [
      'etc/lsb-release',
      'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=20.04\n',
      { id: 'ubuntu', release: '20.04' },
    ],
    ['etc/alpine-release', '3.19.1\n', { id: 'alpine', release: 'v3.19' }],
  ])('is read from %s without os-release', async (path, text, expected) => {
    expect(await distributionOf({ [path]: text })).toMatchObject(expected)
    const both = { [path]: text, 'etc/os-release': 'ID=rocky\nVERSION_ID=9.1\n' }
    expect((await distributionOf(both))?.id).toBe('rocky')
  })

  it('that has no name is not covered', async () => {
    const layer = await readBytes(
      await writeLayer([{ name: 'etc/os-release', content: 'NAME=x\n' }]),
    )
    expect(layer.notCovered).toEqual([
      { path: 'etc/os-release', reason: 'os-release names no distribution (ID).' },
    ])
  })
})
