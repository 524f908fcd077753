/** One kind of secret that a text tells by its form. Of a match, only what the groups `before` and `after` hold stays. */
export interface Rule {
  /** For people: what it finds. */
  readonly what: string
  /** With the flag `g`. The group `value`, where there is one, has to be secret for the match to count. */
  readonly pattern: RegExp
  /** Whether such a value is no secret. */
  readonly spares: (value: string) => boolean
}

/** What a key ends with whose value is a password or a key, whatever stands before it. */
const PASSWORD = [
  'pass(?:wor[dt]|wd|phrase|code)',
  '(?<![a-z])pass',
  '[_-]pwd',
  'api[_-]?key',
  '(?:private|secret|access|signing|encryption|client|shared|storage|master|ssh|certificate|account)[_-]?key(?:[_-]?(?:data|id))?',
  'client-certificate-data',
  'certificate-authority-data',
  'requirepass|masterauth|auth-pass',
  '_auth',
].join('|')

/** Words that also stand in sentences, with a name or an error behind them. */
const TOKEN = 'token|secret|credentials?'

const KEY = `(?:${PASSWORD}|${TOKEN})`

/** A key from its beginning. The bound keeps lines without an end, of base64 for one, from taking minutes. */
const WHOLE_KEY = String.raw`[\w.-]{0,80}?${KEY}`

/** The end of a line inside a string of JSON, which may be inside another one. */
const BREAK = String.raw`\\{1,7}n`

/** What a value that nothing quotes is made of. A backslash belongs to it unless it begins an escaped character. */
const BARE = String.raw`(?:[^\s"'\x60,;&|\\)\]}]|\\(?![nrt"'\\]))`

/** What stands in the place of a value: a word for none, a variable, a path, a pattern, or the mark of somebody who redacts as well. */
const NO_SECRET = new RegExp(
  [
    String.raw`^(?:true|false|yes|no|null|nil|none|undefined|[01]|)$`,
    String.raw`^[*x]{3,}$`,
    String.raw`^\[\w+\]?$`,
    String.raw`^<.*>$`,
    String.raw`^\$[A-Z_][A-Z0-9_]*$`,
    String.raw`^(?:\$\(|\$\{|\{\{|\x60|=)`,
    String.raw`^/(?:etc|var|run|usr|opt|tmp|proc|dev|kind|home|root|mnt)/`,
    String.raw`^[\w./-]+\.(?:key|pem|crt|conf)$`,
  ].join('|'),
  'i',
)

const isNoSecret = (value: string): boolean => NO_SECRET.test(value)

/** Behind a word of {@link TOKEN} and a colon stands a token, or the rest of a sentence. */
const isNoToken = (value: string): boolean =>
  isNoSecret(value) || value.length < 8 || !/\d/.test(value) || !/[a-z]/i.test(value)

/** `--token flag` is said by those who explain the flag. */
const isNoArgument = (value: string): boolean =>
  isNoSecret(value) || /^(?:flags?|options?|arguments?|parameters?|values?|files?)\b/.test(value)

/** `secret="namespace/name"` names a Secret. */
const isNameOrNone = (value: string): boolean => isNoSecret(value) || /^[a-z-]+\/[a-z.-]+$/.test(value)

/** @param flags beside `g` */
const rule = (what: string, flags: string, source: string, spares = isNoSecret): Rule => ({
  ...{ what, spares },
  pattern: new RegExp(source, `g${flags}`),
})

const KEYS = 'values of keys'
const ENVIRONMENT = 'environment variables'
const ARGUMENTS = 'arguments'

/** Every rule, in the order in which they are applied. */
export const RULES: readonly Rule[] = [
  // Certificates are no secret; their key is.
  rule('keys in base64', '', String.raw`LS0tLS1CRUdJTi(?!BDRVJU)[A-Za-z0-9+/]{16,}={0,2}`),
  rule('web tokens', '', String.raw`\beyJ[\w-]{8,}\.[\w-]*\.[\w-]{8,}(?:\.[\w-]+)*`),
  // Names of Events have the form as well: what they speak of, and a time in hexadecimal.
  rule(
    'bootstrap tokens',
    'm',
    String.raw`(?<=^|[^\w./-]|\\[nrt])(?=[a-z.]*\d)[a-z0-9]{6}\.(?!1[7-9a-f][0-9a-f]{14}(?![a-z0-9]))[a-z0-9]{16}(?![\w-])`,
  ),
  rule(
    'tokens of well-known services',
    '',
    String.raw`\b(?:gh[pousr]_\w{30,}|github_pat_\w{22,}|glpat-[\w-]{20,}|npm_[A-Za-z0-9]{36}|AKIA[0-9A-Z]{16})\b`,
  ),
  rule(
    'hashes of passwords',
    '',
    String.raw`SCRAM-SHA-\d+\$\d+:[\w+/=]+\$[\w+/=:]+|\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}|\$[56y]\$[\w./$]{16,}`,
  ),
  rule(
    'passwords in URLs',
    'i',
    String.raw`(?<before>[a-z][\w+.-]{0,20}://[^\s:/@"']*:)(?<value>[^\s/"']+)(?<after>@)`,
  ),
  rule(
    'tokens in URLs',
    'i',
    String.raw`(?<before>[a-z][\w+.-]{0,20}://)(?<value>[^\s:/@"']{20,})(?<after>@)`,
  ),
  rule(
    'Authorization headers',
    'i',
    String.raw`(?<before>authorization\\*["']?\s*[:=]\s*\[?\\*["']?(?:basic|bearer|token|digest|negotiate)\s+)(?<value>${BARE}+)`,
  ),
  rule('bearer tokens', 'i', String.raw`(?<before>\bbearer +)(?=[^\s"']*\d)(?<value>[\w.~+/-]{8,}=*)`),

  // A list of strings: all of the string is the value.
  rule(ENVIRONMENT, 'i', String.raw`(?<=")(?<before>${WHOLE_KEY}=)(?<value>(?:[^"\\\n]|\\.)*)(?<after>")`),
  // As Kubernetes has it, in JSON, which may be a string of JSON itself.
  rule(
    ENVIRONMENT,
    'i',
    String.raw`(?<before>(?<e>\\{0,7})"name\k<e>"\s*:\s*\k<e>"${WHOLE_KEY}\k<e>"\s*,(?:\s|${BREAK})*\k<e>"value\k<e>"\s*:\s*\k<e>")(?<value>(?:(?!\k<e>")(?:[^\\\n]|\\.))*)`,
  ),
  // The same in YAML.
  rule(
    ENVIRONMENT,
    'i',
    String.raw`(?<before>name:[ \t]*["']?${WHOLE_KEY}["']?(?:\n|${BREAK})[ \t]*value:[ \t]*)(?<value>(?:(?!${BREAK}).)+)`,
  ),

  // In quotes: `"key": "value"`, `key="value"`.
  rule(
    KEYS,
    'i',
    String.raw`(?<before>${KEY}["']?[ \t]*[:=][ \t]*(?<q>["']))(?<value>(?:\\.|(?!\k<q>)[^\\\n])*)`,
    isNameOrNone,
  ),
  rule(
    KEYS,
    'i',
    String.raw`(?<before>${KEY}(?:\\+["'])?[ \t]*[:=][ \t]*\\+["'])(?<value>(?:(?!\\+["'])[^\n])*)`,
    isNameOrNone,
  ),
  // Of a Docker configuration, which calls it just `auth`.
  rule(KEYS, '', String.raw`(?<before>(?<![\w-])auth\\*"\s*:\s*\\*")(?<value>[^"\\]+)`),
  // A number.
  rule(KEYS, 'i', String.raw`(?<before>(?:${PASSWORD})\\*["'][ \t]*:[ \t]*)(?<value>\d{4,})`),
  rule(KEYS, 'i', String.raw`(?<before>${KEY}[ \t]*=[ \t]*)(?<value>${BARE}+)`, isNameOrNone),
  // YAML: all of the line.
  rule(
    KEYS,
    'im',
    String.raw`(?<before>(?:^|${BREAK})[ \t-]*${WHOLE_KEY}:[ \t]+)(?<value>[^\s|>{["'\\](?:(?!${BREAK}).)*)`,
  ),
  rule(KEYS, 'i', String.raw`(?<before>(?:${PASSWORD}):[ \t]*)(?<value>[^{[&\s"'\\]${BARE}*)`),
  rule(KEYS, 'i', String.raw`(?<before>(?:${TOKEN}):[ \t]*)(?<value>${BARE}+)`, isNoToken),
  rule(KEYS, 'i', String.raw`(?<before><${WHOLE_KEY}>)(?<value>[^<\n]+)`),

  rule(
    ARGUMENTS,
    'i',
    String.raw`(?<before>(?<![\w-])--?(?:[\w-]{0,40}-)?${KEY}[ \t]+)(?<value>(?!-)${BARE}{6,})`,
    isNoArgument,
  ),
  // Of a list of strings.
  rule(
    ARGUMENTS,
    'i',
    String.raw`(?<before>(?<![\w-])--?(?:[\w-]{0,40}-)?${KEY}\\*",\s*\\*")(?<value>(?!-)[^"\\]+)`,
  ),
  rule(
    ARGUMENTS,
    '',
    String.raw`(?<before>\b(?:redis-cli|mysql\w*|mariadb[\w-]*)\b[^\n]{0,200}?\s-(?:a\s+|p(?=\S)))(?<value>${BARE}{4,})`,
  ),
  rule(
    ARGUMENTS,
    '',
    String.raw`(?<before>\bcurl\b[^\n]{0,200}?\s(?:-u|--user)[ =]*["']?[^\s:"']+:)(?<value>[^\s"']+)`,
  ),
  rule(
    'lines of redis.conf',
    'i',
    String.raw`(?<before>\b(?:requirepass|masterauth|auth-pass[ \t]+\S+|user[ \t]+\S+[ \t]+(?:on|off)[ \t]+[^\n]{0,80}?>)[ \t]*)(?<value>${BARE}+)`,
    isNoArgument,
  ),
  rule(
    'statements of SQL',
    'i',
    String.raw`(?<before>\b(?:password|identified +(?:with +\S+ +)?by) +\\*')(?<value>[^'\\\n]+)`,
  ),
]
