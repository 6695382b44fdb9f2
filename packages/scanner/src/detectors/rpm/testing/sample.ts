import { RpmTag } from '../header.ts'
import { writeRpmHeader } from './write-header.ts'

type Sample = {
  readonly name?: string
  readonly version?: string
  readonly release?: string
  readonly epoch?: number
  readonly vendor?: string
  readonly sourceRpm?: string
  readonly modularity?: string
  readonly files?: readonly (readonly [directory: string, name: string])[]
}

/** A header blob of a package as a distribution would make it. */
export function rpmHeaderOf(sample: Sample = {}): Buffer {
  const files = sample.files ?? [['/usr/bin/', 'bash']]
  const directories = [...new Set(files.map(([directory]) => directory))]
  return writeRpmHeader(
    new Map<number, string | readonly string[] | readonly number[]>([
      [RpmTag.name, sample.name ?? 'bash'],
      [RpmTag.version, sample.version ?? '5.1.8'],
      [RpmTag.release, sample.release ?? '9.el9'],
      ...(sample.epoch === undefined ? [] : [[RpmTag.epoch, [sample.epoch]] as const]),
      [RpmTag.vendor, sample.vendor ?? 'Rocky Enterprise Software Foundation'],
      [RpmTag.license, 'GPLv3+'],
      // Other readers take no package without its size.
      [1009, [1000]],
      [RpmTag.architecture, 'x86_64'],
      [RpmTag.sourceRpm, sample.sourceRpm ?? 'bash-5.1.8-9.el9.src.rpm'],
      ...(sample.modularity === undefined
        ? []
        : [[RpmTag.modularityLabel, sample.modularity] as const]),
      [RpmTag.dirIndexes, files.map(([directory]) => directories.indexOf(directory))],
      [RpmTag.baseNames, files.map(([, name]) => name)],
      [RpmTag.dirNames, directories],
    ]),
  )
}

/** Headers of packages with ever more files: from some hundred bytes on, 520 more each. */
export function rpmHeaders(count: number): Buffer[] {
  return Array.from({ length: count }, (_, index) =>
    rpmHeaderOf({
      name: `package${index}`,
      files: Array.from({ length: index * 40 }, (_, file) => ['/usr/share/', `file-${file}`]),
    }),
  )
}
