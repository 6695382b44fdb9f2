import { durationMs, sizeBytes } from '@berth/api/policy-document.ts'
import { matchesAny, parseGlob } from '../access/glob.ts'
import type { ImageFacts } from './facts.ts'
import type { Judgement } from './judgement.ts'
import type { PlacedRule } from './rules.ts'

/** Builds that can be repeated set the date to the beginning of time: that is none. */
const firstDate = Date.parse('2000-01-01T00:00:00Z')
const rootUser = /^(?:root|[+-]?0+)?$/

export function judgeSize(judgement: Judgement, placed: PlacedRule, image: ImageFacts): void {
  const size = placed.rule.maximumSize?.size
  const bytes = size === undefined ? undefined : sizeBytes(size)
  if (size === undefined || bytes === undefined || image.size <= bytes) return
  judgement.violate(placed, 'maximumSize', image, {
    subject: 'size',
    found: `${image.size} bytes`,
    wanted: `${size} at most`,
    phrase: `${image.size} bytes, more than ${size}`,
    fix: 'make the image smaller',
  })
}

export function judgeLayers(judgement: Judgement, placed: PlacedRule, image: ImageFacts): void {
  const layers = placed.rule.maximumLayers?.layers
  if (layers === undefined || image.layers <= layers) return
  judgement.violate(placed, 'maximumLayers', image, {
    subject: 'layers',
    found: `${image.layers} layers`,
    wanted: `${layers} at most`,
    phrase: `${image.layers} layers, more than ${layers}`,
    fix: 'join layers',
  })
}

export function judgeUser(judgement: Judgement, placed: PlacedRule, image: ImageFacts): void {
  if (placed.rule.notRoot === undefined) return
  const { unreadable, user } = image.config
  const [name = ''] = user.split(':')
  if (unreadable === undefined && !rootUser.test(name.trim())) return
  const found =
    unreadable === undefined
      ? user === ''
        ? 'no user is set'
        : `the user is ${user}`
      : `the configuration ${unreadable}`
  judgement.violate(placed, 'notRoot', image, {
    subject: 'user',
    found,
    wanted: 'a user that is not root',
    phrase: `runs as root (${found})`,
    fix: 'set USER in the Dockerfile',
  })
}

export function judgeLabels(judgement: Judgement, placed: PlacedRule, image: ImageFacts): void {
  for (const label of placed.rule.requiredLabels?.labels ?? []) {
    if ((image.config.labels[label] ?? '') !== '') continue
    judgement.violate(placed, 'requiredLabels', image, {
      subject: `label ${label}`,
      found: 'not set',
      wanted: 'set',
      phrase: `the label ${label} is not set`,
      fix: `add LABEL ${label}=... to the Dockerfile`,
    })
  }
}

export function judgeBase(judgement: Judgement, placed: PlacedRule, image: ImageFacts): void {
  const settings = placed.rule.allowedBaseImages
  if (!settings) return
  const { baseName } = image.config
  if (baseName === undefined && settings.whenUnknown === 'allow') return
  if (
    baseName !== undefined &&
    matchesAny(
      settings.images.map((text) => parseGlob(text)),
      baseName,
    )
  ) {
    return
  }
  judgement.violate(placed, 'allowedBaseImages', image, {
    subject: 'base image',
    found: baseName ?? 'not said',
    wanted: `one of ${settings.images.join(', ')}`,
    phrase:
      baseName === undefined
        ? 'does not say its base image (org.opencontainers.image.base.name)'
        : `the base image ${baseName} is not allowed`,
    fix: 'build on an allowed base image',
  })
}

export function judgeAge(judgement: Judgement, placed: PlacedRule, image: ImageFacts): void {
  const settings = placed.rule.maximumAge
  if (!settings) return
  const { createdAt } = image.config
  const built = createdAt === undefined ? Number.NaN : Date.parse(createdAt)
  const isKnown = built >= firstDate
  if (!isKnown && settings.whenUnknown === 'allow') return
  if (isKnown) {
    const end = built + (durationMs(settings.age) ?? 0)
    judgement.changesAt(end)
    if (end > judgement.now) return
  }
  const day = isKnown ? new Date(built).toISOString().slice(0, 10) : undefined
  judgement.violate(placed, 'maximumAge', image, {
    subject: 'age',
    found: day === undefined ? 'no date of the build' : `built ${day}`,
    wanted: `not longer ago than ${settings.age}`,
    phrase:
      day === undefined
        ? 'does not say when it was built'
        : `built on ${day}, more than ${settings.age} ago`,
    fix: 'build the image again',
  })
}
