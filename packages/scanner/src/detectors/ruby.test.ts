import { describe, expect, test } from 'vitest'
import { ruby } from './ruby.ts'
import { detectBytes } from './testing/scanned-file.ts'

const detect = async (source: string, path = 'var/lib/gems/specifications/rake-13.0.6.gemspec') =>
  (await detectBytes(ruby, path, Buffer.from(source))).packages?.[0]

describe('ruby', () => {
  test.each([
    ['usr/lib/ruby/gems/3.1.0/specifications/default/json-2.6.1.gemspec', true],
    ['usr/local/bundle/specifications/rake-13.0.6.gemspec', true],
    ['app/app.gemspec', false],
    ['usr/local/bundle/gems/rake-13.0.6/rake.gemspec', false],
  ])('wants %s: %s', (path, wanted) => {
    expect(ruby.wants({ path, isExecutable: false, size: 1 })).toBe(wanted)
  })

  test('reads what RubyGems writes', async () => {
    const source = `# -*- encoding: utf-8 -*-
# stub: nokogiri 1.15.4 x86_64-linux lib

Gem::Specification.new do |s|
  s.name = "nokogiri".freeze
  s.version = "1.15.4"
  s.platform = "x86_64-linux".freeze
  s.required_rubygems_version = Gem::Requirement.new(">= 0".freeze)
  s.licenses = ["MIT".freeze, 'Ruby']
end
`
    expect(await detect(source)).toEqual({
      kind: 'gem',
      name: 'nokogiri',
      version: '1.15.4',
      purl: 'pkg:gem/nokogiri@1.15.4?platform=x86_64-linux',
      licenses: ['MIT', 'Ruby'],
    })
  })

  test('reads a version object, one licence and other block names', async () => {
    const source = `Gem::Specification.new do |spec|
  spec.name = 'x'
  spec.version = Gem::Version.new("2.0.b1")
  spec.license = "Zlib"
end`
    expect(await detect(source)).toMatchObject({ name: 'x', version: '2.0.b1', licenses: ['Zlib'] })
  })

  test('an expression is not a value: the stub line says it, else the file name', async () => {
    const source = 'Gem::Specification.new do |s|\n  s.name = "a#{1}"\n  s.version = VERSION\nend'
    expect(await detect(source)).toMatchObject({ name: 'rake', version: '13.0.6' })
    expect(await detect(`# stub: b 1.0 java lib\n${source}`)).toMatchObject({
      name: 'b',
      version: '1.0',
      purl: 'pkg:gem/b@1.0?platform=java',
    })
    expect(await detect(source, 'specifications/ffi-yajl-2.4.0-x64-mingw.gemspec')).toMatchObject({
      name: 'ffi-yajl',
      version: '2.4.0',
      purl: 'pkg:gem/ffi-yajl@2.4.0?platform=x64-mingw',
    })
  })

  test('what says nothing is unreadable', async () => {
    await expect(detect('puts 1', 'specifications/x.gemspec')).rejects.toThrow(
      'no name or no version',
    )
  })
})
