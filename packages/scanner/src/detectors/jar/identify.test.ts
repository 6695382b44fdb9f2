import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readJarName } from './file-name.ts'
import { identify } from './identify.ts'

describe('a file name of Java', () => {
  it.each([
    ['commons-lang3-3.12.0.jar', 'commons-lang3', '3.12.0'],
    ['guava-31.1-jre.jar', 'guava', '31.1-jre'],
    ['log4j-1.2-api-2.17.1.jar', 'log4j-1.2-api', '2.17.1'],
    ['jersey-core-2.0-beta-1.jar', 'jersey-core', '2.0-beta-1'],
    ['app-1.0.0-20230101.120000-1.jar', 'app', '1.0.0-20230101.120000-1'],
    ['hibernate-core-5.6.15.Final.jar', 'hibernate-core', '5.6.15.Final'],
    ['netty-tcnative-2.0.61.Final-linux-x86_64.jar', 'netty-tcnative', '2.0.61.Final'],
    ['spark-core_2.12-3.5.0.jar', 'spark-core_2.12', '3.5.0'],
    ['org.eclipse.osgi_3.18.500.v20230801.jar', 'org.eclipse.osgi', '3.18.500.v20230801'],
    ['jtds-1.3.1-SNAPSHOT-jar-with-dependencies.jar', 'jtds', '1.3.1-SNAPSHOT'],
    ['app.jar', 'app', undefined],
    ['h2.war', 'h2', undefined],
  ])('%s is %s in version %s', (fileName, artifact, version) => {
    expect(readJarName(fileName)).toEqual({ artifact, ...(version !== undefined && { version }) })
  })
})

describe('what an archive is without properties of Maven', () => {
  it.each([
    [
      'a group that is well known',
      {},
      'spring-core-5.3.20.jar',
      'org.springframework:spring-core:5.3.20',
    ],
    [
      'the longest name that is known',
      {},
      'spring-security-web-5.7.1.jar',
      'org.springframework.security:spring-security-web:5.7.1',
    ],
    [
      'its vendor id',
      { 'implementation-vendor-id': 'com.acme' },
      'rocket-1.0.jar',
      'com.acme:rocket:1.0',
    ],
    [
      'a bundle of several words',
      { 'bundle-symbolicname': 'org.acme.rocket.engine;singleton:=true' },
      'rocket-engine-1.0.jar',
      'org.acme.rocket:rocket-engine:1.0',
    ],
    [
      'a bundle named after the artifact',
      { 'bundle-symbolicname': 'org.jsoup' },
      'jsoup-1.15.3.jar',
      'org.jsoup:jsoup:1.15.3',
    ],
    [
      'a bundle of another name',
      { 'bundle-symbolicname': 'com.acme.inject' },
      'rocket-4.jar',
      'com.acme.inject:rocket:4',
    ],
    [
      'no large vendor for a group',
      { 'implementation-vendor-id': 'org.apache' },
      'rocket-4.jar',
      ':rocket:4',
    ],
    [
      'its title and version, where the file has another name',
      { 'implementation-title': 'spring-web', 'implementation-version': '6.0.1' },
      'lib.jar',
      'org.springframework:spring-web:6.0.1',
    ],
    [
      'a plugin of Jenkins',
      { 'group-id': 'org.jenkins-ci.plugins', 'short-name': 'git', 'plugin-version': '5.2.0' },
      'git.hpi',
      'org.jenkins-ci.plugins:git:5.2.0',
    ],
    [
      'the file before a bundle version',
      { 'bundle-version': '31.1.0.jre' },
      'guava-31.1-jre.jar',
      ':guava:31.1-jre',
    ],
    [
      'no prose as a name',
      { 'implementation-title': 'Acme Rocket', 'implementation-version': '2.0' },
      'rocket.jar',
      ':rocket:2.0',
    ],
    [
      'no prose as a version',
      { 'implementation-version': '2.0 built by hand' },
      'rocket.jar',
      undefined,
    ],
    ['a name alone', {}, 'rocket.jar', undefined],
  ])('takes %s', (_, fields, fileName, expected) => {
    const identity = identify(new Map(Object.entries(fields)), fileName)
    const told = identity && `${identity.group ?? ''}:${identity.artifact}:${identity.version}`
    expect(told).toBe(expected)
  })

  it('never throws', () => {
    const text = fc.string({ unit: 'binary' })
    const field = fc.constantFrom(
      'implementation-version',
      'implementation-title',
      'bundle-symbolicname',
      'bundle-version',
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(field, text)), text, (fields, fileName) => {
        identify(new Map(fields), fileName)
      }),
    )
  })
})
