/** A Secret as the API has it, as far as it matters here. */
export interface LiveSecret {
  readonly type?: string
  readonly metadata?: { readonly namespace?: string; readonly name?: string }
  /** Values in base64, by key. */
  readonly data?: Readonly<Record<string, string>>
}

/** A Secret without what is secret of it. */
export interface ListedSecret {
  readonly namespace: string
  readonly name: string
  readonly type: string
  readonly keys: readonly string[]
}

/** Below this length a value is found in whatever is written. */
const SHORTEST = 6

/** Keys of Kubernetes' own types of Secrets that hold no secret: their values are names, words and times of the cluster. */
const PUBLIC_KEYS: Readonly<Record<string, RegExp>> = {
  'bootstrap.kubernetes.io/token': /^(?!token-secret$)/,
  'kubernetes.io/service-account-token': /^(?:namespace|ca\.crt|service-ca\.crt)$/,
}

/** Names and keys of Secrets, and none of their values. Pure. */
export function listed(secrets: readonly LiveSecret[]): ListedSecret[] {
  return secrets.map(({ metadata, type, data }) => ({
    namespace: metadata?.namespace ?? '',
    name: metadata?.name ?? '',
    type: type ?? '',
    keys: Object.keys(data ?? {}).sort(),
  }))
}

/** The values of Secrets that nobody may see, in base64. Pure. */
export function confidential(secrets: readonly LiveSecret[]): string[] {
  return secrets.flatMap(({ type = '', data = {} }) =>
    Object.entries(data).flatMap(([key, value]) => (PUBLIC_KEYS[type]?.test(key) === true ? [] : [value])),
  )
}

/**
 * Every form in which values can stand in a text: as they are, inside JSON or a URL, in base64, and long lines of them
 * one by one. Longest first. Pure.
 *
 * @param values in base64
 * @param names what things are called; a value that is one of them cannot be told from it
 */
export function literals(values: readonly string[], names: ReadonlySet<string>): string[] {
  const forms = values.flatMap((value) => {
    const bytes = Buffer.from(value, 'base64')
    const text = bytes.toString().trim()
    return text.length < SHORTEST || names.has(text) ? [] : [...formsOf(bytes, text), ...longLines(text)]
  })
  return [...new Set(forms)].sort((a, b) => b.length - a.length || (a < b ? -1 : 1))
}

function formsOf(bytes: Buffer, text: string): string[] {
  const inBase64 = [bytes, Buffer.from(text), Buffer.from(`${text}\n`)].flatMap((one) => [
    one.toString('base64'),
    one.toString('base64url'),
  ])
  const unpadded = inBase64.map((one) => one.replace(/=+$/, ''))
  return [text, ...insideJson([text], DEEPEST), encodeURIComponent(text), ...inBase64, ...unpadded]
}

/** How deep strings of JSON are one inside the other: JSON in a file of a ConfigMap that an annotation has as applied. */
const DEEPEST = 3

/** Texts as they are inside strings of JSON, of Node and of Go, and of those inside others. */
function insideJson(texts: readonly string[], depth: number): string[] {
  if (depth === 0) return []
  const once = [...new Set(texts.flatMap((text) => [inJson(text), inJson(text).replace(HTML, asCode)]))]
  return [...once, ...insideJson(once, depth - 1)]
}

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1)

/** What Go escapes beside, so that a page can have it in it. */
const HTML = /[<>&\u2028\u2029]/g

const asCode = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`

/** Logs put something before each line. What has blanks is rather a sentence, or a line that many texts have. */
function longLines(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trim())
  return lines.length === 1 ? [] : lines.filter((line) => /^\S{16,}$/.test(line))
}
