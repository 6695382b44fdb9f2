import { describe, expect, it } from 'vitest'
import { formatAmount } from './amounts.ts'
import { priceOfBytes, readPrice, readPriceTable } from './prices.ts'

describe('readPriceTable', () => {
  const table = readPriceTable(
    'currency: €\nstorage: 0.2\negress: 0.05\nkinds:\n  ecr: { storage: 0.1, egress: 0.09 }\nregistries:\n  "r.example.com:5000": { storage: 0 }\n',
    'prices.yaml',
  )

  it('takes the nearest price', () => {
    expect(table.priceOf('ecr', 'x')).toEqual({ storage: 0.1, egress: 0.09, currency: '€' })
    expect(table.priceOf('ecr', 'r.example.com:5000')).toEqual({
      storage: 0,
      egress: 0.05,
      currency: '€',
    })
    expect(table.priceOf('quay', 'x')).toMatchObject({ storage: 0.2, egress: 0.05 })
  })

  it('knows none where none is said', () => {
    const some = readPriceTable('kinds: { ecr: { storage: 1 } }', 'prices.yaml')
    expect(some.priceOf('quay', 'x')).toBeUndefined()
  })

  it.each([
    ['storage: -1', /storage/],
    ['kinds: { ecr: 3 }', /kinds\.ecr/],
    ['storge: 1', /storge/],
    ['- 1', /prices\.yaml/],
    ['a: &a [*a]', /prices\.yaml/],
    ['currency: "<b>"', /currency/],
    ['"', /prices\.yaml/],
  ])('refuses %j', (text, message) => {
    expect(() => readPriceTable(text, 'prices.yaml')).toThrow(message)
  })
})

describe('readPrice', () => {
  it('holds for every registry', () => {
    expect(readPrice('0.10').priceOf('ghcr', 'x')).toEqual({
      storage: 0.1,
      egress: undefined,
      currency: '',
    })
    expect(priceOfBytes(3 * 2 ** 30, 0.5)).toBe(1.5)
  })

  it.each(['', '-1', '1e5', '0x10', 'NaN', '1,5'])('refuses %j', (text) => {
    expect(() => readPrice(text)).toThrow(/is not a price/)
  })
})

describe('formatAmount', () => {
  it('does not call nothing what is little', () => {
    expect(formatAmount(0, '')).toBe('0.00')
    expect(formatAmount(0.001, 'EUR')).toBe('<0.01 EUR')
    expect(formatAmount(12.345, '')).toBe('12.35')
  })
})
