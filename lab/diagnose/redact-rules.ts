import { isNameOrNone, isNoArgument, isNoSecret, isNoToken } from './no-secret.js'
import {
  BARE,
  BREAK,
  INSIDE,
  KEY,
  OPEN,
  PASSWORD,
  QUOTE,
  SPACE,
  START,
  TOKEN,
  WHOLE_KEY,
  WORD,
  YAML,
} from './redact-patterns.js'

/** One kind of secret that a text tells by its form. Of a match, only what the groups `before` and `after` hold stays. */
export interface Rule {
  /** For people: what it finds. */
  readonly what: string
  /** With the flag `g`. The group `value`, where there is one, has to be secret for the match to count. */
  readonly pattern: RegExp
  /** Whether such a value is no secret. */
  readonly spares: (value: string) => boolean
}

/** @param flags beside `g` */
const rule = (what: string, flags: string, source: string, spares = isNoSecret): Rule => ({
  ...{ what, spares },
  pattern: new RegExp(source, `g${flags}`),
})

const KEYS = 'values of keys'
const ENVIRONMENT = 'environment variables'
const ARGUMENTS = 'arguments'

const FLAG = String.raw`(?:(?<![\w-])|(?<=\\[nrt]))--?(?:[\w-]{0,40}-)?${KEY}`

/** Between a name and its value in quotes: words on a command line, or strings of a list. */
const THEN = String.raw`(?:[ \t]+|\\{0,7}["'](?:[ \t]+|,${SPACE}))`

const CLIENT = String.raw`${START}(?:redis-cli|mysql|mariadb)[\w-]{0,40}(?![\w-])`
const CURL = String.raw`${START}curl\b[^\n]{0,200}?\s(?:-u|--user)[ =]*`
const REDIS_CONF = String.raw`${START}(?:requirepass|masterauth|auth-pass[ \t]+\S+)`

/** Of YAML, where the value is not on the line of its key. */
const linesBelow = YAML.flatMap(({ begin, next, char }) => {
  const key = String.raw`${QUOTE}${WHOLE_KEY}${QUOTE}`
  const variable = String.raw`name:[ \t]*${key}${next}[ \t]*value`
  const passwords = String.raw`${QUOTE}[\w.-]{0,80}?${PASSWORD}${QUOTE}`
  return [
    // A block: the lines that are further in than the key.
    rule(
      KEYS,
      'im',
      String.raw`(?<before>${begin}(?<indent>[ \t]*)(?:- +)?(?:${key}|${variable}):[ \t]*[|>][-+\d]{0,2}[ \t]*(?:${next}[ \t]*)*?${next}(?<block>\k<indent>[ \t]+))(?<value>${char}+(?:(?:${next}[ \t]*)*${next}\k<block>${char}+)*)`,
    ),
    // A list.
    rule(
      KEYS,
      'im',
      String.raw`(?<before>${begin}[ \t-]*${passwords}:[ \t]*${next}(?<indent>[ \t]*)- +)(?<value>${char}+(?:${next}\k<indent>- +${char}+)*)`,
    ),
    // The item behind that of a flag.
    rule(
      ARGUMENTS,
      'im',
      String.raw`(?<before>${begin}[ \t]*- +${QUOTE}${FLAG}${QUOTE}[ \t]*${next}[ \t]*- +)(?<value>(?!-)${char}+)`,
    ),
  ]
})

/** Every rule, in the order in which they are applied. */
export const RULES: readonly Rule[] = [
  // Certificates are no secret; their key is.
  rule('keys in base64', '', String.raw`LS0tLS1CRUdJTi(?!BDRVJU)[A-Za-z0-9+/]{16,}={0,2}`),
  rule('web tokens', '', String.raw`${START}eyJ[\w-]{8,}\.[\w-]*\.[\w-]{8,}(?:\.[\w-]+)*`),
  // Names of Events have the form as well: what they speak of, and a time in hexadecimal.
  rule(
    'bootstrap tokens',
    'm',
    String.raw`(?<=^|[^\w./-]|\\[nrt])(?=[a-z.]*\d)[a-z0-9]{6}\.(?!1[7-9a-f][0-9a-f]{14}(?![a-z0-9]))[a-z0-9]{16}(?![\w-])`,
  ),
  rule(
    'tokens of well-known services',
    '',
    String.raw`${START}(?:gh[pousr]_\w{30,}|github_pat_\w{22,}|glpat-[\w-]{20,}|npm_[A-Za-z0-9]{36}|AKIA[0-9A-Z]{16})\b`,
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
  rule('bearer tokens', 'i', String.raw`(?<before>${START}bearer +)(?=[^\s"']*\d)(?<value>[\w.~+/-]{8,}=*)`),

  // A list of strings: all of the string is the value.
  rule(ENVIRONMENT, 'i', String.raw`(?<=")(?<before>${WHOLE_KEY}=)(?<value>(?:[^"\\\n]|\\.)*)(?<after>")`),
  // As Kubernetes has it, in JSON, which may be a string of JSON itself.
  rule(
    ENVIRONMENT,
    'i',
    String.raw`(?<before>(?<e>\\{0,7})(?<q>")name\k<e>"\s*:\s*\k<e>"${WHOLE_KEY}\k<e>"\s*,${SPACE}\k<e>"value\k<e>"\s*:\s*\k<e>")(?<value>${INSIDE})`,
  ),
  ...linesBelow,
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
    String.raw`(?<before>${KEY}${QUOTE}[ \t]*[:=][ \t]*${OPEN})(?<value>${INSIDE})`,
    isNameOrNone,
  ),
  // All strings of a list.
  rule(
    KEYS,
    'i',
    String.raw`(?<before>${KEY}${QUOTE}[ \t]*[:=][ \t]*\[${SPACE}${OPEN})(?<value>${INSIDE}(?:\k<e>\k<q>${SPACE},${SPACE}\k<e>\k<q>${INSIDE})*)`,
    isNameOrNone,
  ),
  // Of a Docker configuration, which calls it just `auth`.
  rule(KEYS, '', String.raw`(?<before>(?<![\w-])auth\\*"\s*:\s*\\*")(?<value>[^"\\]+)`),
  // A number.
  rule(KEYS, 'i', String.raw`(?<before>${PASSWORD}\\*["'][ \t]*:[ \t]*)(?<value>\d{4,})`),
  rule(KEYS, 'i', String.raw`(?<before>${KEY}[ \t]*=[ \t]*)(?<value>${BARE}+)`, isNameOrNone),
  // YAML: all of the line.
  rule(
    KEYS,
    'im',
    String.raw`(?<before>(?:^|${BREAK})[ \t-]*${WHOLE_KEY}:[ \t]+)(?<value>[^\s|>{["'\\](?:(?!${BREAK}).)*)`,
  ),
  rule(KEYS, 'i', String.raw`(?<before>${PASSWORD}:[ \t]*)(?<value>[^{[&\s"'\\]${BARE}*)`),
  rule(KEYS, 'i', String.raw`(?<before>${TOKEN}:[ \t]*)(?<value>${BARE}+)`, isNoToken),
  rule(KEYS, 'i', String.raw`(?<before><${WHOLE_KEY}>)(?<value>[^<\n]+)`),

  rule(ARGUMENTS, 'i', String.raw`(?<before>${FLAG}${THEN}${OPEN})(?<value>(?!-)${INSIDE})`),
  rule(ARGUMENTS, 'i', String.raw`(?<before>${FLAG}[ \t]+)(?<value>(?!-)${WORD}+)`, isNoArgument),
  rule(ARGUMENTS, '', String.raw`(?<before>${CLIENT}[^\n]{0,200}?\s-(?:a\s+|p)${OPEN})(?<value>${INSIDE})`),
  rule(
    ARGUMENTS,
    '',
    String.raw`(?<before>${CLIENT}[^\n]{0,200}?\s-(?:a\s+|p(?=\S)))(?<value>(?!-)${WORD}+)`,
    isNoArgument,
  ),
  // Of a list of strings.
  rule(
    ARGUMENTS,
    '',
    String.raw`(?<before>${CLIENT}(?<e>\\{0,7})(?<q>")(?:,${SPACE}\k<e>"[^"\\\n]{0,200}\k<e>"){0,20}?,${SPACE}\k<e>"-(?:a\k<e>",${SPACE}\k<e>"|p))(?<value>${INSIDE})`,
  ),
  rule(ARGUMENTS, '', String.raw`(?<before>${CURL}${OPEN}[^\s:"'\\]+:)(?<value>${INSIDE})`),
  rule(ARGUMENTS, '', String.raw`(?<before>${CURL}[^\s:"'\\]+:)(?<value>(?:[^\s"'\\]|\\(?![nrt"'\\]))+)`),
  rule('lines of redis.conf', 'i', String.raw`(?<before>${REDIS_CONF}${THEN}${OPEN})(?<value>${INSIDE})`),
  rule(
    'lines of redis.conf',
    'i',
    String.raw`(?<before>${REDIS_CONF}[ \t]+|${START}(?:set)?user[ \t]+\S+[ \t]+(?:on|off)[ \t]+[^\n]{0,80}?>)(?<value>${WORD}+)`,
    isNoArgument,
  ),
  rule(
    'statements of SQL',
    'i',
    String.raw`(?<before>${START}(?:password(?: +| *\( *)|identified +(?:by|(?:with|via) +\S+ +(?:by|as|using)) +)${OPEN})(?<value>${INSIDE})`,
  ),
]
