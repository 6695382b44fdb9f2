import type { App } from '../app.ts'
import type { Config } from '../config/schema.ts'

/** What a person reads when the server is up: where it is, who may log in, and what to type next. */
export function welcomeText(config: Config, app: App): string {
  const host = app.url.replace(/^https?:\/\//, '')
  const lines = ['', `Berth is ready on ${app.url}`, `Data is kept in ${config.dataDirectory}`]
  if (app.administrator) {
    lines.push(
      '',
      'This is the first start, so an administrator was made:',
      `  name      ${app.administrator.name}`,
      app.administrator.password === undefined
        ? '  password  the one from your configuration'
        : `  password  ${app.administrator.password}   (shown only now; change it with: berth user password ${app.administrator.name})`,
    )
  }
  if (app.caCertificateFile !== undefined) {
    lines.push('', `Clients must trust the certificate authority in ${app.caCertificateFile}`)
  }
  lines.push(
    '',
    'Next:',
    `  docker login ${host} -u ${app.administrator?.name ?? config.access.administrator.name}`,
    `  docker tag alpine ${host}/library/alpine:latest`,
    `  docker push ${host}/library/alpine:latest`,
    `  docker pull ${host}/library/alpine:latest`,
    '',
    '',
  )
  return lines.join('\n')
}
