import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  contains,
  familyBits,
  first,
  formatAddress,
  formatCidr,
  hasHostBits,
  last,
  network,
  overlaps,
  parseAddress,
  parseCidr,
  type Cidr,
} from '../../../topology/cidr.js'

const anyCidr: fc.Arbitrary<Cidr> = fc.constantFrom(4 as const, 6 as const).chain((family) =>
  fc.record({
    family: fc.constant(family),
    address: fc.bigInt(0n, (1n << BigInt(familyBits(family))) - 1n),
    prefix: fc.nat(familyBits(family)),
  }),
)

/** Two ranges of one family that often touch: the second starts near an end of the first. */
const neighbours = fc
  .tuple(anyCidr, fc.integer({ min: -2, max: 2 }), fc.nat(128), fc.boolean())
  .map(([a, offset, prefix, high]): [Cidr, Cidr] => {
    const bits = familyBits(a.family)
    const address = BigInt.asUintN(bits, (high ? last(a) : first(a)) + BigInt(offset))
    return [a, { family: a.family, address, prefix: Math.min(prefix, bits) }]
  })

describe('parseCidr', () => {
  it.each([
    ['10.0.0.0/8', 4, 0x0a000000n, 8],
    ['0.0.0.0/0', 4, 0n, 0],
    ['255.255.255.255/32', 4, 0xffffffffn, 32],
    ['::/0', 6, 0n, 0],
    ['::1/128', 6, 1n, 128],
    ['fd00:10:244::/56', 6, 0xfd00_0010_0244n << 80n, 56],
    ['1:2:3:4:5:6:7:8/128', 6, 0x0001_0002_0003_0004_0005_0006_0007_0008n, 128],
    ['::ffff:10.0.0.1/128', 6, 0xffff_0a00_0001n, 128],
  ] as const)('reads %s', (text, family, address, prefix) => {
    expect(parseCidr(text)).toEqual({ family, address, prefix })
  })

  it.each([
    '',
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0/8',
    '010.0.0.0/8',
    '10.0.0.0/08',
    '256.0.0.0/8',
  ])('does not read %j', (text) => {
    expect(parseCidr(text)).toBeUndefined()
  })

  it.each([
    '::/129',
    ':::/8',
    '1::2::3/64',
    'fe80::1%eth0/64',
    '12345::/16',
    ' 10.0.0.0/8',
    '10.0.0.0/8\n',
    '10.0.0.0/-1',
  ])('does not read %j', (text) => {
    expect(parseCidr(text)).toBeUndefined()
  })

  it('reads back what formatCidr writes', () => {
    fc.assert(
      fc.property(anyCidr, (cidr) => {
        expect(parseCidr(formatCidr(cidr))).toEqual(cidr)
      }),
    )
  })

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseCidr(text)))
  })
})

describe('formatAddress', () => {
  it.each([
    ['fd00:0010:0244:0000:0000:0000:0000:0000', 'fd00:10:244::'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:0:0:2:3:0:0:4', '1::2:3:0:0:4'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['0:0:0:0:0:0:0:0', '::'],
  ])('writes %s as %s', (text, expected) => {
    const parsed = parseAddress(text)
    expect(parsed && formatAddress(parsed.family, parsed.address)).toBe(expected)
  })

  it('agrees with the form URLs give IPv6 addresses', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, (1n << 128n) - 1n), (address) => {
        const text = formatAddress(6, address)
        expect(new URL(`http://[${text}]/`).hostname).toBe(`[${text}]`)
      }),
    )
  })
})

describe('ranges', () => {
  it('network clears the host bits and nothing else', () => {
    fc.assert(
      fc.property(anyCidr, (cidr) => {
        expect(hasHostBits(network(cidr))).toBe(false)
        expect(network(cidr).prefix).toBe(cidr.prefix)
        expect(first(network(cidr))).toBe(first(cidr))
        expect(first(cidr) <= cidr.address && cidr.address <= last(cidr)).toBe(true)
      }),
    )
  })

  it('a range holds 2^(bits - prefix) addresses', () => {
    fc.assert(
      fc.property(anyCidr, (cidr) => {
        expect(last(cidr) - first(cidr) + 1n).toBe(2n ** BigInt(familyBits(cidr.family) - cidr.prefix))
      }),
    )
  })

  it('two ranges overlap exactly when one contains the other, as prefixes do', () => {
    fc.assert(
      fc.property(neighbours, ([a, b]) => {
        expect(overlaps(a, b)).toBe(overlaps(b, a))
        expect(overlaps(a, b)).toBe(contains(a, b) || contains(b, a))
        const shorter = Math.min(a.prefix, b.prefix)
        expect(overlaps(a, b)).toBe(first({ ...a, prefix: shorter }) === first({ ...b, prefix: shorter }))
      }),
    )
  })

  it('ranges of different families never overlap', () => {
    const [v4, v6] = ['0.0.0.0/0', '::/0'].map((text) => parseCidr(text))
    if (!v4 || !v6) throw new Error('fixture')
    expect(overlaps(v4, v6) || contains(v4, v6) || contains(v6, v4)).toBe(false)
  })
})
