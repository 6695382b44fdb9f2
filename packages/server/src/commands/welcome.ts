import type { Administrator, App } from '../app.ts'
import type { Config } from '../config/schema.ts'

/** What a person reads at the very first start, when the administrator was made. */
export function administratorText({ name, password }: Administrator): string {
  const lines = [
    '',
    'This is the first start, so an administrator was made:',
    `  name      ${name}`,
    password === undefined
      ? '  password  the one from your configuration'
      : `  password  ${password}   (shown only now; change it with: berth user password ${name})`,
    '',
  ]
  return lines.join('\n')
}

/** What a person reads when the server is up: where it is, who may log in, and what to type next. */
export function welcomeText(config: Config, app: App): string {
  const host = app.url.replace(/^https?:\/\//, '')
  const lines = ['', `Berth is ready on ${app.url}`, `Data is kept in ${config.dataDirectory}`]
  if (app.setupUrl !== undefined) {
    lines.push(
      '',
      'Nobody has signed in yet. Choose the password of the administrator in a browser (good once, for 24 hours):',
      `  ${app.setupUrl}`,
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
