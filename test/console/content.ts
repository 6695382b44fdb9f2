import type { ImageSource, LayerSource } from './images.ts'

type Package = { readonly name: string; readonly source: string; readonly version: string }

const old: readonly Package[] = [
  { name: 'zlib1g', source: 'zlib', version: '1:1.2.11.dfsg-2+deb11u1' },
  { name: 'libssl1.1', source: 'openssl', version: '1.1.1n-0+deb11u3' },
  { name: 'curl', source: 'curl', version: '7.74.0-1.3+deb11u7' },
  { name: 'libdb5.3', source: 'db5.3', version: '5.3.28+dfsg1-0.8' },
  { name: 'perl-base', source: 'perl', version: '5.32.1-4+deb11u2' },
  { name: 'bash', source: 'bash', version: '5.1-2+deb11u1' },
  { name: 'coreutils', source: 'coreutils', version: '8.32-4+b1' },
]
const mended: readonly Package[] = [
  { name: 'zlib1g', source: 'zlib', version: '1:1.2.11.dfsg-2+deb11u2' },
  { name: 'libssl1.1', source: 'openssl', version: '1.1.1w-0+deb11u1' },
  { name: 'curl', source: 'curl', version: '7.74.0-1.3+deb11u13' },
  { name: 'libdb5.3', source: 'db5.3', version: '5.3.28+dfsg1-0.8' },
  { name: 'perl-base', source: 'perl', version: '5.32.1-4+deb11u4' },
  { name: 'bash', source: 'bash', version: '5.1-2+deb11u1' },
  { name: 'coreutils', source: 'coreutils', version: '8.32-4+b1' },
]

/** Labels, annotations and names as a stranger writes them who wants to break a page. */
export const hostile = {
  labels: {
    'org.opencontainers.image.title': '<script>document.title="run"</script>',
    'org.opencontainers.image.description': `<img src=x onerror="document.title='run'">${'long '.repeat(2000)}`,
    maintainer: '\u202egnp.exe\u202c <b>bold</b>',
    'x-empty': '',
  },
  readme: `# <img src=x onerror="document.title='run'">\n\n[a link](javascript:document.title='run') and [another](https://example.com/x)\n\n<script>document.title='run'</script>\n\n![picture](https://example.com/p.png)\n\n${'wide'.repeat(2500)}\n\n\u202eReversed by a mark\n`,
}

function debian(packages: readonly Package[]): LayerSource {
  const status = packages
    .map(
      ({ name, source, version }) =>
        `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nSource: ${source}\nVersion: ${version}\n`,
    )
    .join('\n')
  return {
    instruction: '/bin/sh -c #(nop) ADD file:rootfs.tar.xz in / ',
    files: {
      'etc/os-release':
        'ID=debian\nVERSION_ID="11"\nVERSION_CODENAME=bullseye\nPRETTY_NAME="Debian GNU/Linux 11 (bullseye)"\n',
      'etc/debian_version': '11.11\n',
      'var/lib/dpkg/status': `${status}\n`,
      'usr/bin/bash': Buffer.alloc(900_000, 7),
      'usr/lib/libssl.so': Buffer.alloc(400_000, 9),
    },
  }
}

function service(name: string, version: string, isMended: boolean): ImageSource {
  const [major = '1', minor = '0', patch = '0'] = version.split(/[.-]/)
  const day = String(1 + ((Number(minor) * 7 + Number.parseInt(patch, 10)) % 27)).padStart(2, '0')
  return {
    created: `2026-${String(Number(major) + 4).padStart(2, '0')}-${day}T08:30:00Z`,
    layers: [
      debian(isMended ? mended : old),
      {
        instruction:
          'RUN /bin/sh -c apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* # buildkit',
        files: { 'etc/ssl/certs/ca.pem': 'certificates\n'.repeat(4000) },
      },
      {
        instruction: `COPY --chown=1000:1000 dist/${name} /usr/local/bin/ # buildkit`,
        files: {
          [`usr/local/bin/${name}`]: Buffer.from(`${name} ${version}\n`.repeat(20_000)),
          'srv/app/config.json': JSON.stringify({ name, version }),
        },
      },
    ],
    config: {
      User: '1000',
      Env: [
        'PATH=/usr/local/sbin:/usr/local/bin:/usr/bin',
        `APP_VERSION=${version}`,
        'LOG_LEVEL=info',
      ],
      Entrypoint: [`/usr/local/bin/${name}`],
      Cmd: ['--listen', ':8080'],
      ExposedPorts: { '8080/tcp': {} },
      WorkingDir: '/srv/app',
      Labels: {
        'org.opencontainers.image.title': name,
        'org.opencontainers.image.version': version,
        'org.opencontainers.image.source': `https://example.com/acme/${name}`,
        'org.opencontainers.image.licenses': 'Apache-2.0',
      },
    },
  }
}

function onArm(image: ImageSource): ImageSource {
  return { ...image, architecture: 'arm64' }
}

/** Repository, tags, and what is pushed under all of them. */
export const pushes: readonly {
  readonly repository: string
  readonly tags: readonly string[]
  readonly images: readonly ImageSource[]
}[] = [
  {
    repository: 'library/debian',
    tags: ['11', '11.11', 'bullseye'],
    images: [{ created: '2026-06-01T00:00:00Z', layers: [debian(old)] }],
  },
  { repository: 'acme/api', tags: ['1.0.0'], images: [service('api', '1.0.0', false)] },
  { repository: 'acme/api', tags: ['1.1.0'], images: [service('api', '1.1.0', false)] },
  { repository: 'acme/api', tags: ['1.2.0-rc.1'], images: [service('api', '1.2.0-rc.1', true)] },
  {
    repository: 'acme/api',
    tags: ['1.10.0', '1.10', 'latest'],
    images: [service('api', '1.10.0', true), onArm(service('api', '1.10.0', true))],
  },
  {
    repository: 'acme/worker',
    tags: ['2.3.0', 'latest'],
    images: [service('worker', '2.3.0', false)],
  },
  { repository: 'acme/ml/trainer', tags: ['0.4.1'], images: [service('trainer', '0.4.1', true)] },
  {
    repository: 'acme/hostile',
    tags: ['x'],
    images: [
      {
        created: '2026-01-01T00:00:00Z',
        layers: [
          {
            instruction: `RUN echo '<script>document.title="run"</script>' ${'&& true '.repeat(1200)}`,
            files: { 'a/<img src=x onerror=alert(1)>.txt': 'x', '\u202egnp.exe': 'y' },
          },
        ],
        config: { Labels: hostile.labels },
        annotations: hostile.labels,
      },
    ],
  },
]
