/** The path below which Berth is shown, such as `/berth`; empty when it has a host of its own. The server sets `<base>`. */
export const pathPrefix = new URL(document.baseURI).pathname.replace(/\/+$/, '')

/** The whole address of Berth, without a slash at its end. */
export const berthUrl = `${globalThis.location.origin}${pathPrefix}`

/** How clients name this registry: host and port. A registry has no path, so a prefix is not part of it. */
export const registryHost = globalThis.location.host
