/** Who makes packages of Debian's format outside of Debian and Ubuntu, by what their maintainer fields hold. */
const vendors = [
  '@docker.com',
  '@nodesource.com',
  '@google.com',
  '@chromium.org',
  '@microsoft.com',
  '@hashicorp.com',
  '@nginx.com',
  '@nginx.org',
  '@f5.com',
  '@mongodb.com',
  '@elastic.co',
  '@grafana.com',
  '@influxdata.com',
  '@gitlab.com',
  '@github.com',
  '@oracle.com',
  '@mariadb.org',
  '@mariadb.com',
  '@percona.com',
  '@redis.com',
  '@redis.io',
  '@datadoghq.com',
  '@newrelic.com',
  '@yarnpkg.com',
  '@kubernetes.io',
  '@neo4j.com',
  '@neo4j.org',
  '@rabbitmq.com',
  '@erlang-solutions.com',
  '@jenkins.io',
  '@confluent.io',
  '@eclipse.org',
  '@adoptium.net',
  '@azul.com',
  '@nvidia.com',
  '@amd.com',
  '@intel.com',
  '@clickhouse.com',
  '@cloudflare.com',
  '@tailscale.com',
  '@sury.org',
  '@haproxy.com',
  '@varnish-software.com',
  '@zabbix.com',
  '@splunk.com',
  '@puppet.com',
  '@puppetlabs.com',
  '@chef.io',
  '@salesforce.com',
  '@postgresql.org',
  '@aquasec.com',
  '@anchore.com',
  'kubernetes authors',
  'docker, inc',
  'nvidia corporation',
  'gitlab, inc',
]
/** Rebuilds of Debian's own packages, marked in the version. */
const versions = /\.pgdg|\+0~20\d{6}|~bpo\d+\+\d+nginx|\+nodesource|nodesource\d|~jammy-nginx/

/**
 * Whether a package is one that Debian or Ubuntu do not make, so that their advisories say nothing of it. Told by a list
 * of known makers: many of Debian's own maintainers write from private addresses, so the other way round cannot be told.
 */
export function isThirdPartyDebian(fields: {
  readonly name: string
  readonly version: string
  readonly maintainer: string
  readonly origin: string
}): boolean {
  const maintainer = fields.maintainer.toLowerCase()
  if (/@(?:[\w-]+\.)*(?:debian\.(?:org|net)|ubuntu\.com|canonical\.com)>?/.test(maintainer))
    return versions.test(fields.version)
  return vendors.some((vendor) => maintainer.includes(vendor)) || versions.test(fields.version)
}
