import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { largeLayout, rootLayout } from '../fixtures/large.ts'
import { writeSmallLayouts, type Layout, type SmallLayouts } from '../fixtures/layout.ts'
import type { Berth } from '../tools/berth.ts'
import type { CommandResult } from '../tools/process.ts'
import { blockedProject, blockedReason, gateProject, mendedLayout } from './blocked-pull.ts'
import {
  describeClient,
  digestOfTag,
  expectComplete,
  startRegistry,
  startTlsRegistry,
  uploadTraffic,
  type Registry,
} from './registry.ts'

/** How a client reaches a registry. */
export type Access = {
  /** `host:port`, the first part of every reference. */
  host: string
  username: string
  password: string
  /** TLS with this authority: a PEM file, or `unknown` when the client is not told of it. Absent: plain HTTP. */
  authority?: string | undefined
}

/**
 * One client, as the tests in this file drive it. A driver is made once per test file; `home` is its
 * own folder for logins, stores and whatever it pulls.
 */
interface ClientDriver {
  /** Stores the credentials and shows that they are good; absent when each command brings them. */
  login?(access: Access): Promise<CommandResult>
  /** Pushes the one entry of a layout, index or image, to `<host>/<name>:<tag>`. */
  push(access: Access, layout: Layout, reference: string): Promise<CommandResult>
  /** Pulls into an empty store. */
  pull(access: Access, reference: string): Promise<CommandResult>
  /** Digests of the uncompressed layers of what `pull` fetched last. */
  pulledDiffIds(reference: string): Promise<readonly string[]>
  /** Pushes what the registry has at `source` to `target`, in the way this client makes use of a mount. */
  copy(access: Access, source: string, target: string): Promise<CommandResult>
  /** Deletes by tag or digest; absent when the client has no such command. */
  remove?(access: Access, reference: string): Promise<CommandResult>
  stop?(): Promise<void>
}

export type ClientOptions = {
  name: string
  tools: readonly string[]
  start(home: string): Promise<ClientDriver>
  /** False when the client packs layers itself, so that the registry gets other digests than the layout has. */
  keepsDigests: boolean
  /** Whether a 2 GiB layer goes up and down with this client, too. */
  large: boolean
  /** The host that the client shall use with TLS; default: 127.0.0.1. */
  tlsHost?: (berth: Berth) => string
  /** Further tests of what only this client does. */
  more?: (context: () => ClientContext) => void
}

type ClientContext = {
  driver: ClientDriver
  registry: Registry
  access: Access
  layouts: SmallLayouts
}

/** How clients say that a password is wrong. */
export const refusal =
  /unauthorized|401|incorrect username|authentication required|invalid (user|credential)|bad credential/i
/** How clients say that they do not know who signed a certificate. */
export const unknownAuthority =
  /unknown authority|certificate signed by|failed to verify certificate|x509/i
/** How clients say that there is no such manifest. */
export const notFound = /not found|manifest unknown|MANIFEST_UNKNOWN|no such manifest|404/i

export function expectSuccess(result: CommandResult): void {
  expect(result.status, result.output.slice(-3000)).toBe(0)
}

export function expectRefusal(result: CommandResult, message: RegExp): void {
  expect(result.status, result.output.slice(-3000)).not.toBe(0)
  expect(result.output).toMatch(message)
}

/** The tests that every client which moves images has to pass. */
export function testImageClient(options: ClientOptions): void {
  describeClient(options.name, options.tools, () => {
    let registry: Registry
    let driver: ClientDriver
    let layouts: SmallLayouts
    let access: Access

    beforeAll(async () => {
      registry = await startRegistry()
      layouts = await writeSmallLayouts(join(registry.scratch, 'layouts'), options.name)
      const home = join(registry.scratch, 'home')
      await mkdir(home)
      driver = await options.start(home)
      access = { host: registry.host, username: registry.username, password: registry.password }
    })

    afterAll(async () => {
      await driver?.stop?.()
      await registry?.stop()
    })

    const at = (rest: string): string => `${registry.host}/${rest}`

    const expectPushed = async (repository: string, layout: Layout): Promise<void> => {
      const root = await expectComplete(registry, repository, 'latest')
      if (options.keepsDigests) expect(root).toBe(layout.root.digest)
    }

    const login = async (how: Access): Promise<CommandResult> =>
      driver.login?.(how) ?? driver.push(how, layouts.image, `${how.host}/login/check:latest`)

    test('a wrong password is refused with a message that says so', async () => {
      expectRefusal(await login({ ...access, password: 'not the password' }), refusal)
    })

    test('the right password is accepted', async () => {
      expectSuccess(await login(access))
    })

    test('an image is pushed and the registry serves every byte of it', async () => {
      expectSuccess(await driver.push(access, layouts.image, at('team/app:latest')))
      await expectPushed('team/app', layouts.image)
    })

    test('an image is pulled by tag', async () => {
      const reference = at('team/app:latest')
      expectSuccess(await driver.pull(access, reference))
      expect(await driver.pulledDiffIds(reference)).toEqual(layouts.image.diffIds)
    })

    test('an image is pulled by digest', async () => {
      const reference = at(`team/app@${await digestOfTag(registry, 'team/app', 'latest')}`)
      expectSuccess(await driver.pull(access, reference))
      expect(await driver.pulledDiffIds(reference)).toEqual(layouts.image.diffIds)
    })

    test('an index of two platforms is pushed whole and pulled for this machine', async () => {
      const reference = at('team/multi:latest')
      expectSuccess(await driver.push(access, layouts.index, reference))
      await expectPushed('team/multi', layouts.index)
      expectSuccess(await driver.pull(access, reference))
      expect(await driver.pulledDiffIds(reference)).toEqual(layouts.image.diffIds)
    })

    test('blobs of another repository are mounted, not sent again', async () => {
      registry.proxy.clear()
      const source = at('team/app:latest')
      const target = at('other/place/app:latest')
      expectSuccess(await driver.copy(access, source, target))
      const traffic = uploadTraffic(registry.proxy.requests)
      await expectComplete(registry, 'other/place/app', 'latest')
      // A client may write the small configuration anew; no layer is under 30,000 bytes.
      expect(traffic.blobBytes).toBeLessThan(10_000)
      expect(traffic.mounts).toBeGreaterThanOrEqual(layouts.image.diffIds.length)
    })

    test('a deleted image is gone, and the client says so', async () => {
      const reference = at('other/place/app:latest')
      const digest = await digestOfTag(registry, 'other/place/app', 'latest')
      if (driver.remove === undefined) {
        const path = `/v2/other/place/app/manifests/${digest}`
        expect((await registry.send('DELETE', path)).status).toBe(202)
      } else {
        expectSuccess(await driver.remove(access, reference))
      }
      expect(await digestOfTag(registry, 'other/place/app', 'latest')).toBeUndefined()
      expectRefusal(await driver.pull(access, reference), notFound)
      expectSuccess(await driver.pull(access, at('team/app:latest')))
    })

    test('a Debian root file system goes up and down unharmed', async () => {
      const layout = await rootLayout()
      expectSuccess(await driver.push(access, layout, at('debian/bookworm:latest')))
      await expectPushed('debian/bookworm', layout)
      expectSuccess(await driver.pull(access, at('debian/bookworm:latest')))
      expect(await driver.pulledDiffIds(at('debian/bookworm:latest'))).toEqual(layout.diffIds)
    }, 600_000)

    test('a blocked pull shows the reason, and pushing the mended image over it works', async () => {
      const reader = { ...access, ...(await gateProject(registry)) }
      const reference = at(`${blockedProject}/app:latest`)
      expectSuccess(await driver.push(access, layouts.image, reference))
      expectRefusal(await driver.pull(access, reference), blockedReason)
      if (driver.login !== undefined) expectSuccess(await driver.login(reader))
      expectRefusal(await driver.pull(reader, reference), blockedReason)
      if (driver.login !== undefined) expectSuccess(await driver.login(access))
      const mended = await mendedLayout(registry, options.name)
      expectSuccess(await driver.push(access, mended, reference))
      expectSuccess(await driver.pull(access, reference))
      expect(await driver.pulledDiffIds(reference)).toEqual(mended.diffIds)
    })

    options.more?.(() => ({ driver, registry, access, layouts }))

    if (options.large) {
      test('a layer of 2 GiB goes up and down unharmed', async () => {
        const layout = await largeLayout()
        expectSuccess(await driver.push(access, layout, at('large/layer:latest')))
        await expectPushed('large/layer', layout)
        expectSuccess(await driver.pull(access, at('large/layer:latest')))
        expect(await driver.pulledDiffIds(at('large/layer:latest'))).toEqual(layout.diffIds)
      }, 900_000)
    }

    test('over TLS, an authority that the client does not know is refused, and a known one works', async () => {
      const berth = await startTlsRegistry()
      try {
        const host = options.tlsHost?.(berth) ?? berth.host
        const unknown = { ...access, host, authority: 'unknown' }
        const known = { ...access, host, authority: berth.caFile }
        const reference = `${host}/secure/app:latest`
        expectRefusal(await driver.push(unknown, layouts.image, reference), unknownAuthority)
        expectSuccess(await login(known))
        expectSuccess(await driver.push(known, layouts.image, reference))
        expectSuccess(await driver.pull(known, reference))
        expect(await driver.pulledDiffIds(reference)).toEqual(layouts.image.diffIds)
      } finally {
        await berth.stop()
      }
    })
  })
}
