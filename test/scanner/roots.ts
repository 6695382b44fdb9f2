import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { mustRun, requireTool, run, toolsDirectory } from '../tools/process.ts'

/** File systems of images, made of real packages: by debootstrap, npm, pip, go, cargo, Debian's Java packages and rpm. */
export const roots: Readonly<Record<string, (folder: string) => Promise<void>>> = {
  debian: debianRoot,
  node: nodeRoot,
  python: pythonRoot,
  go: goRoot,
  rust: rustRoot,
  java: javaRoot,
  rpm: rpmRoot,
}

const repository = join(import.meta.dirname, '../..')
const debian = '/etc/apt/sources.list.d/debian.sources'

/** debootstrap takes a minute: it is made once, beside the other tools of the tests. */
async function debianRoot(folder: string): Promise<void> {
  const cached = join(toolsDirectory, 'catalogue-debian')
  if (!existsSync(cached)) {
    const part = await mkdtemp(join(toolsDirectory, 'debootstrap-'))
    const mirror = (await mustRun('sed', ['-n', 's/^URIs: //p', debian])).split('\n')[0] ?? ''
    const include = '--include=ca-certificates,python3-minimal'
    await run(
      requireTool('debootstrap'),
      ['--variant=minbase', include, 'bookworm', part, mirror],
      {
        timeoutSeconds: 900,
      },
    )
    if (!existsSync(join(part, 'var/lib/dpkg/status'))) throw new Error('debootstrap failed')
    await rename(part, cached)
  }
  await mustRun('cp', ['-a', '--reflink=auto', `${cached}/.`, folder])
}

async function nodeRoot(folder: string): Promise<void> {
  await system(folder)
  const app = join(folder, 'srv/app')
  await mkdir(app, { recursive: true })
  const pack = 'cd "$1" && find node_modules -name package.json -not -path "*/@berth/*" -print0'
  await mustRun('sh', [
    '-c',
    `(${pack} | tar --null -T - -chf -) | tar -xf - -C "$2"`,
    'sh',
    repository,
    app,
  ])
}

async function pythonRoot(folder: string): Promise<void> {
  await system(folder)
  const library = join(toolsDirectory, 'python/lib')
  const [version = ''] = await readdir(library)
  await cp(
    join(library, version, 'site-packages'),
    join(folder, 'usr/local/lib', version, 'site-packages'),
    {
      recursive: true,
    },
  )
}

async function goRoot(folder: string): Promise<void> {
  await system(folder)
  await mkdir(join(folder, 'usr/local/bin'), { recursive: true })
  for (const name of ['crane', 'oras', 'helm'])
    await cp(requireTool(name), join(folder, 'usr/local/bin', name))
}

/** A program with what `cargo auditable` puts into it. */
async function rustRoot(folder: string): Promise<void> {
  await system(folder)
  const cached = join(toolsDirectory, 'catalogue-rust')
  if (!existsSync(cached)) {
    const part = await mkdtemp(join(toolsDirectory, 'cargo-'))
    await mkdir(join(part, 'src'))
    const manifest = `[package]\nname = "audited"\nversion = "0.3.1"\nedition = "2021"\n\n[dependencies]\nserde_json = "=1.0.140"\nsmallvec = "=1.13.2"\n`
    await writeFile(join(part, 'Cargo.toml'), manifest)
    await writeFile(
      join(part, 'src/main.rs'),
      'fn main() { let v: smallvec::SmallVec<[u8; 4]> = smallvec::smallvec![1]; println!("{}", serde_json::json!(v.len())); }\n',
    )
    requireTool('cargo-auditable')
    await mustRun('cargo', ['auditable', 'build', '--release'], {
      cwd: part,
      env: { PATH: `${join(toolsDirectory, 'bin')}:${process.env['PATH'] ?? ''}` },
      timeoutSeconds: 600,
    })
    await rename(part, cached)
  }
  await mkdir(join(folder, 'usr/local/bin'), { recursive: true })
  await cp(join(cached, 'target/release/audited'), join(folder, 'usr/local/bin/audited'))
}

/** Debian's jars, some with Maven's properties and some without, and one that holds others. */
async function javaRoot(folder: string): Promise<void> {
  await system(folder)
  const app = join(folder, 'opt/app')
  await mkdir(join(app, 'BOOT-INF/lib'), { recursive: true })
  const jars = ['commons-lang3', 'commons-io', 'log4j-core', 'log4j-api']
  for (const name of jars)
    await mustRun('cp', ['-L', `/usr/share/java/${name}.jar`, join(app, 'BOOT-INF/lib')])
  await mustRun('cp', ['-L', '/usr/share/java/commons-lang3.jar', join(app, 'commons-lang3.jar')])
  await mkdir(join(app, 'META-INF'))
  await writeFile(
    join(app, 'META-INF/MANIFEST.MF'),
    'Manifest-Version: 1.0\r\nImplementation-Title: shop\r\nImplementation-Version: 2.4.0\r\nImplementation-Vendor-Id: org.example\r\n\r\n',
  )
  await mustRun('python3', ['-m', 'zipfile', '-c', 'shop-2.4.0.jar', 'META-INF', 'BOOT-INF'], {
    cwd: app,
  })
  await rm(join(app, 'BOOT-INF'), { recursive: true })
  await rm(join(app, 'META-INF'), { recursive: true })
}

/** Packages that rpmbuild made, in a database that rpm wrote. */
async function rpmRoot(folder: string): Promise<void> {
  await writeOsRelease(
    folder,
    'ID="rocky"\nVERSION_ID="9.3"\nPRETTY_NAME="Rocky Linux 9.3"\nID_LIKE="rhel centos fedora"\n',
  )
  const build = await mkdtemp(join(toolsDirectory, 'rpmbuild-'))
  try {
    const packages = [
      { name: 'openssl-libs', source: 'openssl', version: '3.0.7', release: '24.el9', epoch: 1 },
      { name: 'glibc', source: 'glibc', version: '2.34', release: '83.el9.7', epoch: undefined },
      {
        name: 'tzdata',
        source: 'tzdata',
        version: '2024a~rc1',
        release: '1.el9',
        epoch: undefined,
      },
    ]
    for (const { name, source, version, release, epoch } of packages) {
      const spec = `Name: ${source}
Version: ${version}
Release: ${release}
${epoch === undefined ? '' : `Epoch: ${epoch}`}
Summary: ${source}
License: MIT
Vendor: Rocky Enterprise Software Foundation
${name === source ? '' : `%package -n ${name}\nSummary: ${name}\n%description -n ${name}\n${name}`}
%description
${source}
%install
mkdir -p %{buildroot}/usr/share/${name}
echo x > %{buildroot}/usr/share/${name}/file
%files -n ${name}
/usr/share/${name}/file
`
      await writeFile(join(build, `${source}.spec`), spec)
      await mustRun(requireTool('rpmbuild'), [
        '-bb',
        '--define',
        `_topdir ${build}`,
        join(build, `${source}.spec`),
      ])
    }
    const built = (await mustRun('find', [join(build, 'RPMS'), '-name', '*.rpm']))
      .trim()
      .split('\n')
    const database = '/var/lib/rpm'
    await mustRun(requireTool('rpm'), [
      '--root',
      folder,
      '--dbpath',
      database,
      '--define',
      '_db_backend sqlite',
      '-i',
      '--nodeps',
      '--ignorearch',
      '--nosignature',
      ...built,
    ])
  } finally {
    await rm(build, { recursive: true, force: true })
  }
}

function system(folder: string): Promise<void> {
  return writeOsRelease(
    folder,
    'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
  )
}

async function writeOsRelease(folder: string, text: string): Promise<void> {
  await mkdir(join(folder, 'etc'), { recursive: true })
  await writeFile(join(folder, 'etc/os-release'), text)
}
