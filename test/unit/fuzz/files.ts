import fc from 'fast-check'
import { stringify } from 'yaml'
import { word } from './hostile.js'

/** The text of a value as a file of YAML or JSON has it. */
export const textOf = (values: fc.Arbitrary<unknown>): fc.Arbitrary<string> =>
  fc.tuple(values, fc.constantFrom<Write>('json', 'tabs', 'block', 'flow', 'quoted', 'old')).map(written)

type Write = 'json' | 'tabs' | 'block' | 'flow' | 'quoted' | 'old'

function written([value, how]: [unknown, Write]): string {
  const json = (indent: string): string =>
    JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part), indent)
  switch (how) {
    case 'json':
      return json('')
    case 'tabs':
      return json('\t')
    case 'block':
      return stringify(value)
    case 'flow':
      return stringify(value, { collectionStyle: 'flow' })
    case 'quoted':
      return stringify(value, { defaultStringType: 'QUOTE_SINGLE', defaultKeyType: 'PLAIN', lineWidth: 20 })
    case 'old':
      return stringify(value, { version: '1.1' })
  }
}

/** What YAML has a meaning for, and what it has none for. */
const TOKENS = [
  ...[
    'name',
    'topology',
    'workloads',
    'linuxNodes',
    'redis',
    'workers',
    'replicas',
    ': ',
    ':',
    '\n',
    '\n  ',
    '\n    ',
  ],
  ...[
    '- ',
    '[',
    ']',
    '{',
    '}',
    ',',
    '&a ',
    '*a',
    '&b ',
    '*b',
    '<<: ',
    '? ',
    '|',
    '>',
    '|-\n ',
    '"',
    "'",
    '\\',
    '#',
    ' #',
  ],
  ...[
    '!',
    '!!',
    '!!binary ',
    '!!set ',
    '!!omap ',
    '!!timestamp ',
    '!!int ',
    '!!float ',
    '!!null ',
    '!!js/function ',
    '!<x> ',
  ],
  ...[
    '---\n',
    '...\n',
    '%YAML 1.1\n',
    '%TAG ! tag:x,2000:\n',
    '\t',
    '\r\n',
    '\0',
    '\u0085',
    '\u2028',
    '\ufeff',
    '\u001b',
  ],
  ...[
    '1',
    '0x1f',
    '.nan',
    '.inf',
    '-0',
    '1e999',
    'null',
    '~',
    'yes',
    '2001-01-01',
    '__proto__',
    'constructor',
    ' ',
  ],
]

const soup = fc
  .array(fc.oneof(fc.constantFrom(...TOKENS), word), { maxLength: 40 })
  .map((words) => words.join(''))

/** Texts that fill the memory, or the stack, of who takes them by their word. */
export const BOMBS: readonly string[] = [
  [
    'a0: &a0 [x]',
    ...Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`),
  ].join('\n'),
  ...[
    'name: &a [*a]',
    '&a\nname: *a',
    '&a {topology: {pools: [*a]}}',
    '&a [*a]',
    'workloads: &a {redis: *a}',
  ],
  ...[500, 900, 2_000, 20_000].flatMap((deep) => ['['.repeat(deep), '{a: '.repeat(deep), '- '.repeat(deep)]),
  ...[500, 900, 2_000].flatMap((deep) => [
    '['.repeat(deep) + ']'.repeat(deep),
    '{"a":'.repeat(deep) + '1' + '}'.repeat(deep),
  ]),
  Array.from({ length: 1_500 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
  ...[
    `name: ${'a'.repeat(1e6)}`,
    `"${'a'.repeat(1e6)}": 1`,
    `${'a'.repeat(2_000)}: 1`,
    '\n'.repeat(1e5),
    '# '.repeat(1e5),
  ],
  Array.from({ length: 1_000 }, (_, i) => `f${i}: 1`).join('\n'),
  `topology: {linuxNodes: [${'{name: a, image: b},'.repeat(2_000)}]}`,
]

/** A text after something happened to it. */
const mangled = (texts: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(texts, fc.nat(), fc.oneof(fc.constantFrom(...TOKENS), word), fc.nat(5))
    .map(([text, place, token, how]) => {
      const at = place % (text.length + 1)
      const [before, after] = [text.slice(0, at), text.slice(at)]
      return (
        [
          () => before + token + after,
          () => before,
          () => before + after.slice(1),
          () => text.replaceAll('\n', '\r\n'),
          () => `${token}${text}`,
          () => `${text}\n${text}`,
        ][how] ?? (() => text)
      )()
    })

/** Contents of files that are specs, nearly specs, or nothing of the kind. */
export const content = (specs: fc.Arbitrary<unknown>): fc.Arbitrary<string | Uint8Array> =>
  fc.oneof(
    { weight: 8, arbitrary: mangled(textOf(specs)) },
    { weight: 8, arbitrary: soup },
    { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }) },
  )
