// A real OpenID provider as a process of its own: node oidc-provider-process.js <folder with settings.json and TLS files>.
// A second, plain port takes `PUT /users/<id>` and `DELETE /users/<id>`.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer as createControlServer } from 'node:http'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { Provider } from 'oidc-provider'

const folder = process.argv[2] ?? '.'
const settings = JSON.parse(readFileSync(join(folder, 'settings.json'), 'utf8'))
const users = new Map(Object.entries(settings.users))

const provider = new Provider(settings.issuer, {
  clients: settings.clients,
  claims: {
    openid: ['sub'],
    profile: ['name', 'preferred_username'],
    email: ['email', 'email_verified'],
    groups: ['groups'],
  },
  conformIdTokenClaims: !settings.claimsInIdToken,
  features: { devInteractions: { enabled: true } },
  pkce: { required: () => true },
  findAccount: (_context, id) => {
    const claims = users.get(id)
    return claims && { accountId: id, claims: () => ({ sub: id, ...claims }) }
  },
  cookies: { keys: ['a key for tests only'] },
  ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
})

const server = createServer(
  {
    key: readFileSync(join(folder, 'server-key.pem')),
    cert: readFileSync(join(folder, 'server.pem')),
  },
  provider.callback(),
)
server.listen(settings.port, '127.0.0.1')
await once(server, 'listening')

const control = createControlServer((request, response) => {
  const id = decodeURIComponent(request.url.slice('/users/'.length))
  let body = ''
  request.on('data', (chunk) => {
    body += chunk
  })
  request.on('end', () => {
    if (request.method === 'PUT') users.set(id, JSON.parse(body))
    if (request.method === 'DELETE') users.delete(id)
    response.end()
  })
})
control.listen(settings.controlPort, '127.0.0.1')
