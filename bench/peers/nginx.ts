import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startServer } from '../server-process.ts'
import { freePort, type Workspace } from '../workspace.ts'
import type { Contender, RunningContender } from './contender.ts'
import { findProgram, programVersion } from './programs.ts'

/** Static files by the shortest way there is: the limit for a GET on this machine, not a registry. */
export const nginx: Contender = {
  name: 'nginx',
  absence: () =>
    findProgram('nginx') ? undefined : 'nginx is not installed (apt-get install nginx-light)',
  version: () => programVersion(findProgram('nginx') ?? 'nginx', ['-v']),
  start,
}

async function start(workspace: Workspace): Promise<RunningContender> {
  const directory = workspace.folder('nginx')
  const files = join(directory, 'files')
  mkdirSync(files)
  const port = await freePort()
  const configFile = join(directory, 'nginx.conf')
  writeFileSync(configFile, configuration(directory, files, port))
  const url = `http://127.0.0.1:${port}`
  const server = await startServer(workspace, {
    command: findProgram('nginx') ?? 'nginx',
    args: ['-p', directory, '-c', configFile, '-e', join(directory, 'error.log')],
    directory,
    readyUrl: `${url}/`,
  })
  const blobPath = (_repository: string, digest: string) => `/${digest.replace(':', '-')}`
  return {
    name: 'nginx',
    url,
    directory,
    storeBlob: async (repository, digest, file) =>
      copyFileSync(file, join(files, blobPath(repository, digest))),
    blobPath,
    ...server,
  }
}

function configuration(directory: string, files: string, port: number): string {
  // Workers of a master that root started run as another user, who cannot enter the temporary folder.
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${directory}/${name};`)
    .join('\n  ')
  return `daemon off;
${user}
pid ${directory}/nginx.pid;
error_log ${directory}/error.log;
worker_processes auto;
events { worker_connections 4096; }
http {
  ${temporary}
  access_log off;
  sendfile on;
  sendfile_max_chunk 0;
  tcp_nopush off;
  keepalive_requests 1000000000;
  open_file_cache max=10000 inactive=1h;
  open_file_cache_valid 1h;
  default_type application/octet-stream;
  server {
    listen 127.0.0.1:${port};
    root ${files};
  }
}
`
}
