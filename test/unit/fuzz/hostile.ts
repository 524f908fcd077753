import fc from 'fast-check'

/** Words that have a meaning to something on their way: a path, a shell, a template, YAML, a terminal, JavaScript. */
const WORDS = [
  ...[
    '',
    ' ',
    '.',
    '..',
    '../x',
    '../../x',
    'a/../../b',
    './x',
    'x/',
    'a/b',
    '~',
    '~root',
    'con',
    '-',
    '--',
    '-rf',
  ],
  ...[
    '$(id)',
    '`id`',
    '$HOME',
    '${HOME}',
    '$$',
    ';id',
    '|id',
    '&',
    '>x',
    '*',
    '?',
    '[a]',
    '{a,b}',
    '!!',
    '\\',
    '%s',
    '%00',
  ],
  ...['{{.Name}}', '{{`', '}}', '{{{', '<%= x %>', '${jndi:x}'],
  ...['true', 'no', 'null', 'NaN', '.inf', '0', '-1', '007', '0x10', '1e3', '12:30', '2001-01-01', '1_000'],
  ...[
    'a: b',
    'a #b',
    '- a',
    '&a',
    '*a',
    '!a',
    '|',
    '>',
    "'",
    '"',
    '%YAML',
    '---',
    '...',
    '? a',
    '@a',
    '<<',
    ',',
  ],
  ...[
    '\n',
    'a\nb',
    'a\r\nb',
    'a\tb',
    'a\0b',
    '\u001b[31mred',
    '\u009b31m',
    '\u0085',
    '\u2028',
    '\u202egnp',
    '\ufeffa',
  ],
  ...['ä', '日本', '🙂', '\ud800', 'e\u0301', 'ＡＢＣ', 'xn--a', 'A', 'UPPER', 'a_b', 'a..b', '-a', 'a-'],
  ...[
    '__proto__',
    'constructor',
    'toString',
    'prototype',
    'hasOwnProperty',
    'valueOf',
    'length',
    'then',
    'name',
  ],
  ...[
    '10.0.0.0/8',
    '10.0.0.1/8',
    '0.0.0.0/0',
    '::/0',
    '1.2.3.4',
    '::1/128',
    '10.0.0.0/33',
    'fd00::/56',
    '256.1.1.1/8',
  ],
  ...['v1.34.4', 'v0.0.0', 'v1.34.4\n', 'v99999999999999999999.0.0', 'headless-lab/postgres', 'a@sha256:b'],
  ...[
    'a'.repeat(41),
    'a'.repeat(64),
    'a'.repeat(254),
    'a'.repeat(5_000),
    '../'.repeat(500),
    'x y '.repeat(300),
  ],
]

/** One of the words, or any text. */
export const word: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...WORDS) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
)

const scalar: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: word },
  {
    weight: 2,
    arbitrary: fc.constantFrom<unknown>(
      ...[
        0,
        -0,
        1,
        -1,
        1.5,
        2 ** 31,
        2 ** 53,
        1e308,
        NaN,
        Infinity,
        -Infinity,
        true,
        false,
        null,
        10n ** 30n,
      ],
      ...[new Date(0), new Uint8Array([0, 255])],
    ),
  },
  { weight: 1, arbitrary: fc.oneof(fc.double(), fc.integer()) },
)

/** A value of any kind; maps have hostile keys, `__proto__` among them. */
export const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(word, tie('value')), { maxLength: 3 }).map(mapOf),
  ),
})).value

/** A map with these very fields; an assignment of `__proto__` would be none. */
export function mapOf(entries: readonly (readonly [string, unknown])[]): object {
  const map = {}
  for (const [key, given] of entries)
    Object.defineProperty(map, key, { value: given, enumerable: true, configurable: true, writable: true })
  return map
}
