import { describe, expect, test } from 'vitest'
import { dotnetDeps } from './dotnet-deps.ts'
import { detectBytes } from './testing/scanned-file.ts'

const detect = async (value: unknown) =>
  (await detectBytes(dotnetDeps, 'app/web.deps.json', Buffer.from(JSON.stringify(value)))).packages

describe('dotnet-deps', () => {
  test('packages that are there at run time, and the runtime itself; no projects', async () => {
    const found = await detect({
      runtimeTarget: { name: '.NETCoreApp,Version=v8.0/linux-x64', signature: '' },
      targets: {
        '.NETCoreApp,Version=v8.0': {},
        '.NETCoreApp,Version=v8.0/linux-x64': {
          'Newtonsoft.Json/12.0.3': { runtime: { 'lib/netstandard2.0/Newtonsoft.Json.dll': {} } },
          'Microsoft.NETCore.Platforms/1.1.0': {},
          'SQLitePCLRaw.lib.e_sqlite3/2.1.6': { native: { 'libe_sqlite3.so': {} } },
        },
      },
      libraries: {
        'web/1.0.0': { type: 'project', serviceable: false },
        'Newtonsoft.Json/12.0.3': { type: 'package' },
        'Microsoft.NETCore.Platforms/1.1.0': { type: 'package' },
        'SQLitePCLRaw.lib.e_sqlite3/2.1.6': { type: 'package' },
        'runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1': { type: 'runtimepack' },
        'Serilog/3.0.0': { type: 'package' },
      },
    })
    expect(found?.map((found) => `${found.name} ${found.version}`)).toEqual([
      'Newtonsoft.Json 12.0.3',
      'SQLitePCLRaw.lib.e_sqlite3 2.1.6',
      'Microsoft.NETCore.App.Runtime.linux-x64 8.0.1',
      'Serilog 3.0.0',
    ])
    expect(found?.[0]?.purl).toBe('pkg:nuget/Newtonsoft.Json@12.0.3')
  })

  test('another form is unreadable, with the place', async () => {
    await expect(detect({ libraries: { 'x/1': {} } })).rejects.toThrow('libraries.x/1.type')
    await expect(detect(null)).rejects.toThrow('the top')
  })
})
