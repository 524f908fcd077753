/** Behind the key of a password: words of keys that tell of it, where it lies or how it is to be. */
const TOLD_OF = [
  'check|command|count|digest|digits|dir|encryption|env|expir[a-z]*|field|file|format|generate|hint|history',
  'interval|keys?|length|lifetime|max|method|min|mode|names?|number|path|plugin|policy|prompt|ref|require[a-z]*',
  'reset|reuse|rotation|rounds|secret|source|stdin|ttl|type|url|validation',
].join('|')

/** `_OLD`, and not `_FILE`. The bounds keep what repeats itself without an end from taking minutes. */
const SUFFIX = String.raw`_(?!(?:[a-z0-9]{1,20}_){0,3}(?:${TOLD_OF})(?![a-z]))[a-z]\w{0,40}`

/** One of several: `PASSWORD_1`. */
const NUMBER = String.raw`(?:[_-]?\d{1,3})?`

/** Where a word begins: also behind the end of a line inside a string of JSON, whose `n` is part of no word. */
export const START = String.raw`(?:\b|(?<=\\[nrt]))`

/** What a key ends with whose value is a password or a key, whatever stands before it. */
export const PASSWORD = `(?:${[
  `(?:pass(?:wor[dt]|wd|phrase|code)|[_-]pwd)s?(?:${SUFFIX})?`,
  '(?<![a-z])pass',
  'api[_-]?key',
  '(?:private|secret|access|signing|encryption|client|shared|storage|master|ssh|certificate|account)[_-]?key(?:[_-]?(?:data|id))?',
  'client-certificate-data',
  'certificate-authority-data',
  'requirepass|masterauth|auth-pass',
  '_auth',
].join('|')})${NUMBER}`

/** Words that also stand in sentences, with a name or an error behind them. */
export const TOKEN = `(?:token|secret|credentials?)${NUMBER}`

export const KEY = `(?:${PASSWORD}|${TOKEN})`

/** A key from its beginning. The bound keeps lines without an end, of base64 for one, from taking minutes. */
export const WHOLE_KEY = String.raw`[\w.-]{0,80}?${KEY}`

/** The end of a line inside a string of JSON, which may be inside another one. */
export const BREAK = String.raw`\\{1,7}n`

/** A quote, as deep in strings as it is, or none. */
export const QUOTE = String.raw`(?:\\{0,7}["'])?`

/** What may stand between the parts of a list or an object. */
export const SPACE = String.raw`(?:\s|${BREAK})*`

/** What a value that nothing quotes is made of. A backslash belongs to it unless it begins an escaped character. */
export const BARE = String.raw`(?:[^\s"'\x60,;&|\\)\]}]|\\(?![nrt"'\\]))`

/** The same of a word on a command line: what ends a list or a sentence only does so at its end. */
export const WORD = String.raw`(?:${BARE}|[,)\]}]+(?=${BARE}))`

/**
 * Where a value in quotes begins: as deep in strings inside strings as there are backslashes (`e`), and behind a quote
 * (`q`), which strings of YAML and SQL have twice.
 */
export const OPEN = String.raw`(?<e>\\{0,7})(?<q>''(?![\s'",:;)\]}|&\\]|$)|["'])`

/**
 * The value behind {@link OPEN}, or behind other groups of these names, as far as its quote or the string around it
 * goes. A quote belongs to it that is escaped as deep as the value is, or twice there, or as the shell has it (`'\''`).
 */
export const INSIDE = String.raw`(?:\k<e>\\\k<e>["'\\]|\k<e>\k<q>(?:\\{1,7}\k<q>)?\k<e>\k<q>|(?!(?:\k<e>|(?<!\\))\k<q>)[^\n])*`

/** What YAML is made of. */
interface Lines {
  /** Before a line. */
  readonly begin: string
  /** Between the line of `begin` and the next one. */
  readonly next: string
  /** A character of a line. */
  readonly char: string
}

/** YAML in a file, and in a string of JSON, which may be inside another one. */
export const YAML: readonly Lines[] = [
  { begin: '^', next: String.raw`\n`, char: String.raw`[^\n]` },
  {
    begin: String.raw`(?<e>\\{0,7})(?:\\n|")`,
    next: String.raw`\k<e>\\n`,
    char: String.raw`(?:\k<e>\\\k<e>["'\\]|(?!\k<e>(?:"|\\n)|(?<!\\)")[^\n])`,
  },
]
