import packageJson from '../package.json' with { type: 'json' }

/** The version of Berth, one for all of its packages. */
export const version: string = packageJson.version
