import { ClientError, isClientError } from '../client-error.ts'
import type { Environment } from '../transport/transport.ts'
import { readAuthEntry, writeAuthEntry } from './auth-entry.ts'
import {
  eraseFromHelper,
  getFromHelper,
  type HelperOptions,
  listHelper,
  storeInHelper,
} from './credential-helper.ts'
import type { Credentials } from './credentials.ts'
import { editJsonFile, type JsonObject, readJsonFile } from './json-file.ts'
import type { CredentialPlace, FoundCredentials, KnownRegistry } from './known-credentials.ts'
import { bestKey, bestNamespaceKey, isKeyOf, parseRegistryKey } from './registry-key.ts'

/** How docker's file and podman's differ. */
export type AuthFileOptions = {
  readonly kind: 'docker' | 'podman'
  readonly path: string
  readonly env: Environment
  /** How a registry is named in it, and to helpers. */
  readonly keyOf: (registry: string) => string
  /** The helper that is used although the file names none, for a file without any logins. */
  readonly defaultHelper?: (() => Promise<string | undefined>) | undefined
  /** Whether it counts as absent when this user may not read it: nobody asked for it by name. */
  readonly mayBeHidden?: boolean | undefined
}

export type NamespaceMatch = { readonly found: FoundCredentials; readonly length: number }

/** One file of `auths`, `credHelpers` and `credsStore`, with the helpers that it names. */
export class AuthFile {
  readonly path: string
  readonly kind: 'docker' | 'podman'
  readonly #options: AuthFileOptions

  constructor(options: AuthFileOptions) {
    this.path = options.path
    this.kind = options.kind
    this.#options = options
  }

  /** What the file has for the longest path that the repository lies in. Throws as `readJsonFile` and helpers do. */
  async findByNamespace(
    registry: string,
    repository: string,
    signal?: AbortSignal,
  ): Promise<NamespaceMatch | undefined> {
    const root = await this.#read()
    const helpers = textsOf(root, 'credHelpers', this.path)
    const auths = objectOf(root, 'auths', this.path)
    for (const keys of [helpers, auths]) {
      const key = bestNamespaceKey(Object.keys(keys), registry, repository)
      if (key === undefined) continue
      const found =
        keys === helpers
          ? await this.#ask(helpers[key] ?? '', key, signal)
          : this.#entry(auths[key], key)
      if (found !== undefined) return { found, length: key.length }
    }
    return undefined
  }

  /** What the file or its helper has for the registry as a whole. A helper is asked before the file's own entry counts. */
  async find(registry: string, signal?: AbortSignal): Promise<FoundCredentials | undefined> {
    const root = await this.#read()
    const helper = await this.#helperFor(root, registry)
    if (helper !== undefined) {
      const found = await this.#ask(helper, this.#options.keyOf(registry), signal)
      if (found !== undefined) return found
    }
    const auths = objectOf(root, 'auths', this.path)
    const key = bestKey(Object.keys(auths), registry)
    return key === undefined ? undefined : this.#entry(auths[key], key)
  }

  /** Puts them where whoever owns the file would: into its helper, else into the file. */
  async store(
    registry: string,
    credentials: Credentials,
    signal?: AbortSignal,
  ): Promise<CredentialPlace> {
    const root = await this.#read()
    const helper = await this.#helperFor(root, registry)
    const key = this.#options.keyOf(registry)
    if (helper !== undefined) await storeInHelper(helper, key, credentials, this.#helping(signal))
    const isDefault = helper !== undefined && textOf(root, 'credsStore', this.path) === undefined
    await editJsonFile(this.path, (file) => {
      const auths = writableObject(file, 'auths', this.path)
      for (const old of Object.keys(auths)) {
        if (old !== key && isKeyOf(old, registry)) delete auths[old]
      }
      const entry = writableObject(auths, key, this.path)
      writeAuthEntry(entry, helper === undefined ? credentials : undefined)
      // Otherwise the entry, which holds nothing, would make docker forget the helper that it had found by itself.
      if (isDefault && this.#isUnnamed(file)) file.credsStore = helper
      return true
    })
    return helper === undefined ? this.#place : helperPlace(helper)
  }

  /** Takes them away, in whatever spelling they stand there, and says where they were. */
  async erase(registry: string, signal?: AbortSignal): Promise<readonly CredentialPlace[]> {
    const root = await this.#read()
    const places: CredentialPlace[] = []
    const helper = await this.#helperFor(root, registry)
    if (helper !== undefined && (await this.#eraseFrom(helper, registry, signal))) {
      places.push(helperPlace(helper))
    }
    const hasKey = (auths: JsonObject) => Object.keys(auths).filter((key) => isKeyOf(key, registry))
    const auths = objectOf(root, 'auths', this.path)
    const keys = hasKey(auths)
    if (keys.length === 0) return places
    if (keys.some((key) => this.#entry(auths[key], key) !== undefined)) places.push(this.#place)
    await editJsonFile(this.path, (file) => {
      const current = writableObject(file, 'auths', this.path)
      for (const key of hasKey(current)) delete current[key]
      return true
    })
    return places
  }

  /** Whatever the file and its helpers hold something for. Helpers that do not answer are left out and named. */
  async list(
    signal: AbortSignal | undefined,
    onFault: (fault: ClientError) => void,
  ): Promise<readonly KnownRegistry[]> {
    const root = await this.#read()
    const known: KnownRegistry[] = []
    const add = (key: string, place: CredentialPlace): void => {
      const parsed = parseRegistryKey(key)
      if (parsed !== undefined) known.push({ ...parsed, place })
    }
    const auths = objectOf(root, 'auths', this.path)
    for (const [key, entry] of Object.entries(auths)) {
      if (readAuthEntry(entry, this.#where(key)) !== undefined) add(key, this.#place)
    }
    for (const [key, helper] of Object.entries(textsOf(root, 'credHelpers', this.path))) {
      if (helper !== '') add(key, helperPlace(helper))
    }
    const store = await this.#defaultHelper(root)
    if (store !== undefined) {
      try {
        const urls = (await listHelper(store, this.#helping(signal))).keys()
        for (const url of urls) add(url, helperPlace(store))
      } catch (error) {
        if (!isClientError(error, 'toolMissing', 'toolFailed')) throw error
        onFault(error)
      }
    }
    return known
  }

  async #eraseFrom(helper: string, registry: string, signal?: AbortSignal): Promise<boolean> {
    const key = this.#options.keyOf(registry)
    // Helpers answer alike whether they had something or not, so it is asked before.
    if ((await getFromHelper(helper, key, this.#helping(signal))) === undefined) return false
    return eraseFromHelper(helper, key, this.#helping(signal))
  }

  async #helperFor(root: JsonObject, registry: string): Promise<string | undefined> {
    const helpers = textsOf(root, 'credHelpers', this.path)
    const key = bestKey(Object.keys(helpers), registry)
    // An empty name says that the file is used for this one.
    if (key !== undefined) return helpers[key] === '' ? undefined : helpers[key]
    return this.#defaultHelper(root)
  }

  async #defaultHelper(root: JsonObject): Promise<string | undefined> {
    if (this.kind === 'podman') return undefined
    const named = textOf(root, 'credsStore', this.path)
    if (named !== undefined) return named
    const hasLogins =
      Object.keys(objectOf(root, 'auths', this.path)).length > 0 ||
      Object.keys(objectOf(root, 'credHelpers', this.path)).length > 0
    return hasLogins ? undefined : this.#options.defaultHelper?.()
  }

  #isUnnamed(file: JsonObject): boolean {
    return Object.keys(objectOf(file, 'credHelpers', this.path)).length === 0
  }

  async #ask(
    helper: string,
    key: string,
    signal?: AbortSignal,
  ): Promise<FoundCredentials | undefined> {
    if (helper === '') return undefined
    const credentials = await getFromHelper(helper, key, this.#helping(signal))
    if (credentials === undefined) return undefined
    return { credentials, place: helperPlace(helper), expiresAt: undefined }
  }

  #entry(entry: unknown, key: string): FoundCredentials | undefined {
    const credentials = readAuthEntry(entry, this.#where(key))
    if (credentials === undefined) return undefined
    return { credentials, place: this.#place, expiresAt: undefined }
  }

  async #read(): Promise<JsonObject> {
    try {
      return (await readJsonFile(this.path)) ?? {}
    } catch (error) {
      const { code } = ((error as Error).cause ?? {}) as { code?: unknown }
      if (code === 'EACCES' && this.#options.mayBeHidden === true) return {}
      throw error
    }
  }

  #helping(signal: AbortSignal | undefined): HelperOptions {
    return { env: this.#options.env, signal }
  }

  get #place(): CredentialPlace {
    return { kind: this.kind, name: this.path }
  }

  #where(key: string): string {
    return `${this.path}: the entry ${JSON.stringify(key)} of "auths"`
  }
}

function helperPlace(helper: string): CredentialPlace {
  return { kind: 'helper', name: `docker-credential-${helper}` }
}

function textOf(root: JsonObject, field: string, path: string): string | undefined {
  const value = root[field] ?? ''
  if (typeof value !== 'string') throw faulty(path, `"${field}" is not a text`)
  return value === '' ? undefined : value
}

function textsOf(root: JsonObject, field: string, path: string): Readonly<Record<string, string>> {
  const object = objectOf(root, field, path)
  for (const [key, value] of Object.entries(object)) {
    if (typeof value !== 'string') {
      throw faulty(path, `the entry ${JSON.stringify(key)} of "${field}" is not a text`)
    }
  }
  return object as Record<string, string>
}

function objectOf(root: JsonObject, field: string, path: string): JsonObject {
  const value = Object.hasOwn(root, field) ? (root[field] ?? {}) : {}
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw faulty(path, `${JSON.stringify(field)} is not an object`)
  }
  return value as JsonObject
}

function writableObject(root: JsonObject, field: string, path: string): JsonObject {
  const object = objectOf(root, field, path)
  root[field] = object
  return object
}

function faulty(path: string, fault: string): ClientError {
  return new ClientError('inputInvalid', `${path}: ${fault}.`, {
    next: 'Mend it or move it away; it was left as it is.',
  })
}
