import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { analyseRegistry } from '../report.ts'
import { ContentsBuilder } from '../testing/contents-builder.ts'
import { generatedContents } from '../testing/generated-contents.ts'
import { html } from './markup.ts'
import { renderPage } from './page.ts'

const specials = fc
  .array(fc.constantFrom('<', '>', '&', '"', "'", '`', '&lt;', '&amp', 'a', '\u0000', '💾'))
  .map((parts) => parts.join(''))
const now = new Date('2026-11-27T12:00:00Z')
const hostile = `"><script>alert(1)</script><img src=x onerror='alert(2)'>&amp;`

describe('html', () => {
  it('lets no text out of where it is put, in text and in attributes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), specials), (text) => {
        const inside = html`${text}`.text
        expect(inside).not.toMatch(/[<>"'`]/)
        const back = inside
          .replaceAll('&lt;', '<')
          .replaceAll('&gt;', '>')
          .replaceAll('&quot;', '"')
          .replaceAll('&#39;', "'")
          .replaceAll('&#96;', '`')
          .replaceAll('&amp;', '&')
        expect(back).toBe(text)
      }),
    )
  })

  it('keeps markup as it is, once', () => {
    expect(html`<b>${html`<i>${'<'}</i>`}${[html`1`, html`2`]}${3}</b>`.text).toBe(
      '<b><i>&lt;</i>123</b>',
    )
  })
})

describe('renderPage', () => {
  const page = (text: string): string => {
    const builder = new ContentsBuilder()
    const annotations = { 'org.opencontainers.image.base.name': text }
    for (const id of ['a', 'b']) {
      const layers = [
        { content: 'base', size: 10 },
        { content: id, size: 5 },
      ]
      builder.put(`team/${id}`, builder.image({ id, layers, annotations }), ['1'])
    }
    const contents = { ...builder.build(), problems: [text] }
    const quotas = [{ owner: text, usedBytes: 1, limitBytes: 2 }]
    return renderPage([analyseRegistry({ ...contents, quotas }, { now, staleDays: 90 })])
  }

  it('shows what strangers wrote as text', () => {
    expect(page(hostile)).not.toMatch(/<script|<img|onerror='/)
    expect(page(hostile)).toContain('&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;')
  })

  it('allows nothing but its own style sheet', () => {
    const [, policy = ''] =
      /Content-Security-Policy" content="([^"]+)"/.exec(page('harmless')) ?? []
    const [, style = ''] = /<style>([^]*?)<\/style>/.exec(page('harmless')) ?? []
    const digest = createHash('sha256').update(style).digest('base64')
    expect(policy.replaceAll('&#39;', "'")).toBe(
      `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'`,
    )
    expect(page('harmless')).not.toMatch(/\sstyle=|\ssrc=|\son[a-z]+=|@import|url\(|https?:/)
  })

  it('has each element closed and each id once, whatever there is to show', () => {
    fc.assert(
      fc.property(generatedContents, (contents) => {
        const report = analyseRegistry(contents, { now, staleDays: 90 })
        const text = renderPage([report, { ...report, registry: 'another.example.com' }])
        const open: string[] = []
        for (const [, slash, name, self] of text
          .replace(/<style>[^]*?<\/style>/, '')
          .matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*?(\/?)>/g)) {
          if (slash === '/') expect(open.pop()).toBe(name)
          else if (self !== '/' && name !== 'meta') open.push(name!)
        }
        expect(open).toEqual([])
        const ids = [...text.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id)
        expect(new Set(ids).size).toBe(ids.length)
        for (const [, target] of text.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(target)
        for (const [, label] of text.matchAll(/aria-labelledby="([^"]+)"/g))
          expect(ids).toContain(label)
        expect(text).not.toMatch(/NaN|undefined|Infinity|\[object/)
      }),
      { numRuns: 60 },
    )
  })

  it('has something to say of an empty registry', () => {
    const empty = analyseRegistry(new ContentsBuilder().build(), { now, staleDays: 90 })
    expect(renderPage([empty])).toContain('There are no repositories.')
  })
})
