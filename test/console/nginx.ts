import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { requireTool, startService } from '../tools/process.ts'

export type Nginx = { readonly origin: string; stop(): Promise<void> }

/** Starts nginx on a port of loopback, with these lines in its one server. */
export async function startNginx(port: number, lines: string): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-nginx-'))
  const removeFolder = () => rm(folder, { recursive: true, force: true })
  try {
    await writeFile(join(folder, 'nginx.conf'), configuration(folder, port, lines))
    const service = await startService(
      requireTool('nginx'),
      ['-p', folder, '-c', 'nginx.conf', '-e', join(folder, 'error.log')],
      { isReady: async () => (await fetch(`http://127.0.0.1:${port}/`)).status > 0 },
    )
    return {
      origin: `http://127.0.0.1:${port}`,
      async stop() {
        await service.stop()
        await removeFolder()
      },
    }
  } catch (error) {
    await removeFolder()
    throw error
  }
}

function configuration(folder: string, port: number, lines: string): string {
  // Workers of a master that root started run as another user, who cannot enter the temporary folder.
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join('\n  ')
  return `daemon off;
${user}
pid ${folder}/nginx.pid;
worker_processes 1;
events { worker_connections 256; }
http {
  ${temporary}
  access_log off;
  server {
    listen 127.0.0.1:${port};
    ${lines}
  }
}
`
}
