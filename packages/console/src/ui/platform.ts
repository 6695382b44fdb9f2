type Platform = {
  readonly os: string | null
  readonly architecture: string | null
  readonly variant: string | null
}

/** `linux/arm64/v8`; `undefined` for what says no platform, such as attestations. */
export function platformName(platform: Platform | null): string | undefined {
  if (!platform?.os || !platform.architecture || platform.os === 'unknown') return undefined
  return [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/')
}
