import type { Detector } from '../detector.ts'
import { alpineRelease, apkRepositories } from './alpine-release.ts'
import { apk } from './apk.ts'
import { composer } from './composer.ts'
import { dotnetDeps } from './dotnet-deps.ts'
import { dpkgCopyright } from './dpkg-copyright.ts'
import { dpkgFiles } from './dpkg-files.ts'
import { dpkg } from './dpkg.ts'
import { executable } from './executable.ts'
import { jar } from './jar.ts'
import { node } from './node.ts'
import { osRelease } from './os-release.ts'
import { python } from './python.ts'
import { releaseFiles } from './release-files.ts'
import { rpmBdb } from './rpm-bdb.ts'
import { rpmManifest } from './rpm-manifest.ts'
import { rpmNdb } from './rpm-ndb.ts'
import { rpmSqlite, rpmSqliteLog } from './rpm-sqlite.ts'
import { ruby } from './ruby.ts'
import { sbomFile } from './sbom-file.ts'
import { uncatalogued } from './uncatalogued.ts'

/** Every detector that is used for images, in no order that matters. */
export const detectors: readonly Detector[] = [
  osRelease,
  alpineRelease,
  apkRepositories,
  releaseFiles,
  dpkg,
  dpkgFiles,
  dpkgCopyright,
  apk,
  rpmSqlite,
  rpmSqliteLog,
  rpmNdb,
  rpmBdb,
  rpmManifest,
  executable,
  jar,
  node,
  python,
  ruby,
  composer,
  dotnetDeps,
  sbomFile,
  uncatalogued,
]
