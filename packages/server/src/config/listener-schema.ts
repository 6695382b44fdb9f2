/** The sections `http` and `metrics`. */
import { isIP } from 'node:net'
import * as z from 'zod'
import { clientCertificates } from './client-certificate-schema.ts'
import { rateLimit } from './rate-limit-schema.ts'
import { listenAddress, path } from './setting.ts'
import { isAddressRange, isExternalUrl, isHostName, isLoopback } from './value-checks.ts'

const tls = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z
        .literal('off')
        .default('off')
        .describe(
          '`off`: plain HTTP. `files`: a certificate and key from files, read again whenever they change. `selfSigned`: Berth makes its own authority and certificate under `<dataDirectory>/tls`.',
        ),
    }),
    z.strictObject({
      kind: z.literal('files'),
      certificateFile: path(
        'PEM file with the server certificate, followed by its intermediate certificates.',
      ),
      privateKeyFile: path('PEM file with the private key of that certificate, not encrypted.'),
      clientCertificates,
    }),
    z.strictObject({
      kind: z.literal('selfSigned'),
      hosts: z
        .array(
          z
            .string()
            .refine((value) => isHostName(value) || isIP(value) !== 0)
            .meta({
              accepted: 'host names and IP addresses',
            }),
        )
        .max(100)
        .default([])
        .describe(
          'Host names and addresses that clients use, besides `localhost`, `127.0.0.1` and `::1`, which are always in the certificate.',
        ),
      clientCertificates,
    }),
  ])
  .prefault({})
  .describe('How the listener is encrypted.')

const httpFields = {
  address: listenAddress(
    '127.0.0.1',
    'Address to listen on. `0.0.0.0` or `::` mean every interface. Anything but loopback needs TLS, or `allowPlainHttp`.',
  ),
  port: z
    .int()
    .min(0)
    .max(65535)
    .default(5000)
    .describe('Port to listen on. 0 takes any free port.'),
  externalUrl: z.string().max(255).refine(isExternalUrl).optional().meta({
    description:
      'Address by which clients reach Berth, such as `https://registry.example.com`. Needed only when a proxy in front neither keeps the Host header nor sends forwarding headers, or puts Berth below a path, which it then must take away.',
    accepted:
      'an http:// or https:// address, with a plain path as needed, without a query or user name',
  }),
  trustedProxies: z
    .array(z.string().refine(isAddressRange).meta({ accepted: 'addresses and CIDR ranges' }))
    .max(1000)
    .default([])
    .describe(
      'Addresses and ranges of the proxies whose `Forwarded` and `X-Forwarded-*` headers are believed.',
    ),
  allowedAddresses: z
    .array(z.string().refine(isAddressRange).meta({ accepted: 'addresses and CIDR ranges' }))
    .max(1000)
    .default([])
    .describe(
      'Addresses and ranges from which Berth may be used at all; with none, from anywhere. Health checks are answered to everyone.',
    ),
  allowPlainHttp: z
    .boolean()
    .default(false)
    .describe(
      'Listen beyond loopback without TLS. Passwords then travel readable: only right behind a proxy that does the TLS.',
    ),
  maxConnections: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(20_000)
    .describe('Connections held at once; further ones are closed.'),
  stallTimeoutSeconds: z
    .int()
    .min(1)
    .max(86_400)
    .default(120)
    .describe('A request body or an answer that makes no progress for so long is given up.'),
  drainTimeoutSeconds: z
    .int()
    .min(0)
    .max(3600)
    .default(30)
    .describe('How long a stopping server waits for the requests that are under way.'),
  tls,
  rateLimit,
}

export const http = z
  .strictObject(httpFields)
  .refine(
    (value) => value.tls.kind !== 'off' || value.allowPlainHttp || isLoopback(value.address),
    {
      path: ['address'],
      error:
        'is reachable from other machines, and without TLS passwords would travel readable. Set http.tls.kind to "files" or "selfSigned", or http.allowPlainHttp to true if a proxy in front does the TLS',
      when: ({ value }) =>
        z
          .object({
            address: httpFields.address,
            allowPlainHttp: httpFields.allowPlainHttp,
            tls: z.object({ kind: z.enum(['off', 'files', 'selfSigned']) }),
          })
          .safeParse(value).success,
    },
  )
  .prefault({})
  .describe('The listener for registry clients.')

export const metrics = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe('Serve Prometheus metrics on a listener of their own.'),
    address: listenAddress('127.0.0.1', 'Address of that listener. It asks for no credentials.'),
    port: z.int().min(0).max(65535).default(9100).describe('Its port. 0 takes any free port.'),
  })
  .prefault({})
  .describe('Prometheus metrics, at `/metrics`.')
