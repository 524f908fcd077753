/** What stands in the place of a value: a word for none, a variable, a path, a pattern, or the mark of somebody who redacts as well. */
const NO_SECRET = new RegExp(
  [
    String.raw`^(?:true|false|yes|no|on|off|null|nil|none|undefined|[01])$`,
    // Between the quotes that end one string and begin the next.
    String.raw`^[\s,:;(){}[\]]*$`,
    String.raw`^[*x]{3,}$`,
    String.raw`^\[\w+\]?$`,
    String.raw`^<.*>$`,
    String.raw`^\$[A-Z_][A-Z0-9_]*$`,
    String.raw`^%[a-z]$`,
    String.raw`^(?:\$\(|\$\{|\{\{|\x60|=)`,
    String.raw`^/(?:etc|var|run|usr|opt|tmp|proc|dev|kind|home|root|mnt)/`,
    String.raw`^[\w./-]+\.(?:key|pem|crt|conf)$`,
    // Of YAML: the value is on the lines below.
    String.raw`^[|>][-+\d]*$`,
  ].join('|'),
  'i',
)

export const isNoSecret = (value: string): boolean => NO_SECRET.test(value)

/** Behind a word for a token and a colon stands a token, or the rest of a sentence. */
export const isNoToken = (value: string): boolean =>
  isNoSecret(value) || value.length < 8 || !/\d/.test(value) || !/[a-z]/i.test(value)

const OF_SENTENCES =
  /^(?:flags?|options?|arguments?|parameters?|values?|files?|string|and|are|as|can|for|from|if|in|is|must|not|or|the|to|was|when|with)[.:]?$/

/** `--token flag` is said by those who explain the flag. */
export const isNoArgument = (value: string): boolean => isNoSecret(value) || OF_SENTENCES.test(value)

/** `secret="namespace/name"` names a Secret. */
export const isNameOrNone = (value: string): boolean => isNoSecret(value) || /^[a-z-]+\/[a-z.-]+$/.test(value)
