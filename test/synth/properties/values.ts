import fc from 'fast-check'
import type { Peer } from '../../../constructs/index.js'

/**
 * Random values of the kinds that properties are made of, and for each kind values that are none. Lengths and
 * numbers are at their limits more often than chance would have it.
 */

const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
const DIGITS = '0123456789'
const MIDDLE = `${LETTERS}${DIGITS}-`

/** One character of an alphabet. */
export const oneOf = (alphabet: string): fc.Arbitrary<string> => fc.constantFrom(...Array.from(alphabet))

const run = (alphabet: string, minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: oneOf(alphabet), minLength, maxLength, size: 'max' })

/** First and last character of `ends` and what is between them, 1 to `max` characters, often exactly so many. */
function word(start: string, middle: string, end: string, max: number): fc.Arbitrary<string> {
  const long = (min: number): fc.Arbitrary<string> =>
    fc.tuple(oneOf(start), run(middle, min, max - 2), oneOf(end)).map((parts) => parts.join(''))
  return max < 2 ? oneOf(start) : fc.oneof(oneOf(start), long(0), long(0), long(max - 2))
}

/** A label of RFC 1123. */
export const label1123 = (max = 63): fc.Arbitrary<string> =>
  word(LETTERS + DIGITS, MIDDLE, LETTERS + DIGITS, max)

/** A label of RFC 1035. */
export const label1035 = (max = 63): fc.Arbitrary<string> => word(LETTERS, MIDDLE, LETTERS + DIGITS, max)

/** No label, whatever its first character may be. */
export const noLabel = (max = 63): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constant(''),
    word(LETTERS, MIDDLE, LETTERS, 190).filter((value) => value.length > max),
    fc
      .tuple(
        run(LETTERS, 0, 5),
        fc.constantFrom('_', '.', ' ', 'A', 'Z', 'ä', '\n', '/', '\u0000', '%', '$('),
      )
      .chain(([start, bad]) => run(LETTERS, 0, 5).map((end) => `${start}${bad}${end}`)),
    run(LETTERS, 0, 5).map((rest) => `-${rest}`),
    run(LETTERS, 1, 5).map((rest) => `${rest}-`),
  )

/** A label of RFC 1123 that is none of RFC 1035, or none at all. */
export const noLabel1035 = (max = 63): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 4, arbitrary: noLabel(max) },
    { weight: 1, arbitrary: fc.tuple(oneOf(DIGITS), run(LETTERS, 0, 5)).map((parts) => parts.join('')) },
  )

/** Name of a port. */
export const portName: fc.Arbitrary<string> = word(LETTERS, MIDDLE, LETTERS + DIGITS, 15).filter(
  (name) => !name.includes('--'),
)
export const noPortName: fc.Arbitrary<string> = fc.oneof(
  noLabel(15),
  run(DIGITS, 1, 5),
  fc.constant('two--dashes'),
)

/** Name of an object that is no host: a subdomain of RFC 1123. */
export const subdomain = (max = 253): fc.Arbitrary<string> =>
  fc
    .oneof(
      label1123(Math.min(63, max)),
      fc.array(label1123(), { minLength: 1, maxLength: 6 }).map((labels) =>
        labels
          .join('.')
          .slice(0, max)
          .replace(/[.-]+$/, ''),
      ),
      fc.constant(`${'a'.repeat(61)}.`.repeat(4).slice(0, 247) + 'b.c.de'.slice(0, Math.max(0, max - 247))),
    )
    .filter((name) => name.length <= max)
export const noSubdomain: fc.Arbitrary<string> = fc.oneof(
  noLabel().filter((value) => !value.includes('.')),
  fc.constantFrom('.', 'a..b', 'a.', '.a', 'a.-b', 'a.B', `${'a.'.repeat(126)}ab`),
)

/** DNS domain of a cluster. With every other name at its longest the whole is not too long. */
export const domain: fc.Arbitrary<string> = fc
  .array(label1123(28), { minLength: 1, maxLength: 6, size: 'max' })
  .map((labels) =>
    labels
      .join('.')
      .slice(0, 57)
      .replace(/[.-]+$/, ''),
  )
export const noDomain: fc.Arbitrary<string> = fc.oneof(
  noSubdomain,
  // As a domain it may be, but no name fits before it.
  fc
    .integer({ min: 246, max: 253 })
    .map((length) => 'ab.cd.ef.gh.'.repeat(22).slice(0, length).replace(/\.$/, 'x')),
)

const WORD = `${LETTERS}${LETTERS.toUpperCase()}${DIGITS}`
const qualified = word(WORD, `${WORD}-_.`, WORD, 63)

/** Key of a label. */
export const labelKey: fc.Arbitrary<string> = fc.oneof(
  qualified,
  fc.tuple(subdomain(60), qualified).map(([prefix, name]) => `${prefix}/${name}`),
)
export const noLabelKey: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('', '/', '/a', 'a/', 'a/b/c', '-a', 'a-', 'a b', 'ä', 'A.b/c', 'a_b/c', '.a'),
  run(WORD, 64, 70),
)
export const labelValue: fc.Arbitrary<string> = fc.oneof(fc.constant(''), qualified)
export const noLabelValue: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('-', 'a-', '.a', 'a b', 'a/b', 'ä', 'a\n', ' ', '$'),
  run(WORD, 64, 70),
)

/** Labels, `minKeys` or more. */
export const labels = (minKeys = 0): fc.Arbitrary<Record<string, string>> =>
  fc.dictionary(labelKey, labelValue, { minKeys, maxKeys: 4, noNullPrototype: true })
export const noLabels: fc.Arbitrary<Record<string, string>> = fc.oneof(
  fc.tuple(noLabelKey, labelValue).map(([key, value]) => ({ [key]: value })),
  fc.tuple(labelKey, noLabelValue).map(([key, value]) => ({ [key]: value })),
)

/** A whole number, often one of the limits. */
export const whole = (min: number, max: number): fc.Arbitrary<number> =>
  fc.oneof(
    fc.constantFrom(min, max),
    fc.integer({ min, max }),
    fc.integer({ min, max: Math.min(max, min + 9) }),
  )

const INT32 = 2 ** 31 - 1
export const port = whole(1, 65535)
export const noWhole = (min: number, max = INT32): fc.Arbitrary<number> =>
  fc.oneof(
    fc.constantFrom(NaN, Infinity, -Infinity, min - 1, max + 1, -1, min + 0.5, 1e21, 2 ** 53),
    fc.integer({ min: -INT32, max: min - 1 }),
    fc.double({ min, max, noNaN: true }).filter((value) => !Number.isInteger(value)),
  )
export const noPort = noWhole(1, 65535)

/** An `int32` that the API server takes from `min` on. */
export const count = (min: number): fc.Arbitrary<number> => whole(min, INT32)

/** Reference of an image. */
export const image: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom('', 'registry.example/', 'localhost:5000/team/'),
    label1123(20),
    fc.oneof(fc.constant(''), fc.constantFrom(':1', ':8.0-alpine', ':v1_2.3', `@sha256:${'0f'.repeat(32)}`)),
  )
  .map((parts) => parts.join(''))
export const noImage: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('', ' ', '\t', 'a b', '\n'),
  fc
    .tuple(image, fc.constantFrom(' ', '\n', '\t', '\u00a0'), fc.boolean())
    .map(([name, space, before]) => (before ? `${space}${name}` : `${name}${space}`)),
)

/** Size of a volume. */
export const size: fc.Arbitrary<string> = fc
  .tuple(
    fc.oneof(whole(1, 4096).map(String), fc.constantFrom('0.5', '1.25', '007', '10.0')),
    fc.constantFrom('', 'Ki', 'Mi', 'Gi', 'Ti', 'k', 'M', 'G', 'T'),
  )
  .map((parts) => parts.join(''))
export const noSize: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '',
    '0',
    '0Gi',
    '0.0Mi',
    '-1Gi',
    'Gi',
    '1gi',
    '1GB',
    '1 Gi',
    ' 1Gi',
    '1Gi\n',
    'ten',
    '1,5Gi',
    '1e',
    'NaN',
    '.',
  ),
  whole(1, 99).map((number) => `${number}Bi`),
)

/** No quantity of something that a container may have. */
export const noQuantity: fc.Arbitrary<string> = fc.constantFrom(
  '',
  '.',
  'm',
  '1O0m',
  '-1',
  '1,5',
  '1 Gi',
  '1gi',
  '1GB',
  '1K',
  '1e',
  '1.2.3',
  'NaN',
  ' 1',
  '1\n',
)

/** A volume as constructs take it. */
export const volume = fc.record({ size, storageClass: subdomain() }, { requiredKeys: [] })

const octet = fc.integer({ min: 0, max: 255 })
const group = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16))

/** Addresses outside of what the API server refuses. */
export const ipv4: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom(1, 10, 100, 172, 192, 203, 223), octet, octet, octet)
  .map((octets) => octets.join('.'))
export const ipv6: fc.Arbitrary<string> = fc.oneof(
  fc
    .tuple(fc.constantFrom('2001', 'fd00', '64', 'fc00'), fc.array(group, { minLength: 7, maxLength: 7 }))
    .map(([first, rest]) => [first, ...rest].join(':')),
  fc.tuple(fc.constantFrom('2001:db8', 'FD00:1'), group).map(([first, last]) => `${first}::${last}`),
)
export const noAddress: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '',
    'db.example',
    'localhost',
    '10.0.0.256',
    '10.0.0',
    '010.0.0.1',
    ' 10.0.0.1',
    '10.0.0.1/32',
  ),
  fc.tuple(octet, octet, octet).map(([b, c, d]) => `127.${b}.${c}.${d}`),
  fc.tuple(octet, octet).map(([c, d]) => `169.254.${c}.${d}`),
  fc.tuple(fc.integer({ min: 224, max: 239 }), octet, octet, octet).map((octets) => octets.join('.')),
  fc.constantFrom('0.0.0.0', '::', '::1', '0:0:0:0:0:0:0:1', '0::0', '[::1]', 'fd00::1%eth0', 'fe80::1%1'),
  group.map((last) => `fe80::${last}`),
  group.map((last) => `FE80:0::${last}`),
  group.map((last) => `ff02::${last}`),
  ipv4.map((address) => `::ffff:${address}`),
  ipv4.map((address) => `0:0:0:0:0:FFFF:${address}`),
)

/** A range of addresses. */
export const cidr: fc.Arbitrary<string> = fc.oneof(
  fc.tuple(ipv4, whole(0, 32)).map(([address, bits]) => `${address}/${bits}`),
  fc.tuple(ipv6, whole(0, 128)).map(([address, bits]) => `${address}/${bits}`),
)
export const noCidr: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '',
    '/',
    '/8',
    'a/8',
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    ' 10.0.0.0/8',
  ),
  fc.constantFrom('10.0.0.0/08', '10.0/8', 'fd00::1%eth0/64', 'fd00::/0064', '10.0.0.0/8 ', '10.0.0.0/1e1'),
  fc.tuple(ipv4, fc.integer({ min: 33, max: 999 })).map(([address, bits]) => `${address}/${bits}`),
  fc.tuple(ipv6, fc.integer({ min: 129, max: 999 })).map(([address, bits]) => `${address}/${bits}`),
)

/** Clients that a NetworkPolicy lets in. */
export const peers: fc.Arbitrary<Peer[]> = fc.array(
  fc.oneof(
    fc.record({ namespace: label1123(), podLabels: labels() }, { requiredKeys: [] }),
    fc.record({ cidr }),
  ),
  { maxLength: 3 },
)
const noPeer: fc.Arbitrary<Peer> = fc.oneof(
  fc.record({ namespace: noLabel() }),
  fc.record({ podLabels: noLabels }),
  fc.record({ cidr: noCidr }),
  fc.record({ cidr, namespace: label1123() }),
  fc.record({ cidr, podLabels: labels() }),
)
/** Some of whom are none. */
export const noPeers: fc.Arbitrary<Peer[]> = fc
  .tuple(peers, noPeer)
  .map(([others, wrong]) => [...others, wrong])
