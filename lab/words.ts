/** Characters that end a line, that a terminal obeys, or that turn the direction of what follows. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** A text as one line that shows what it holds, `\n` and `\u001b` for example, and does nothing else. */
export function oneLine(text: string): string {
  return text.replaceAll(UNPRINTABLE, (character) => {
    const code = character.charCodeAt(0)
    const short = { 9: '\\t', 10: '\\n', 13: '\\r' }[code]
    return short ?? `\\u${code.toString(16).padStart(4, '0')}`
  })
}

/** A text that is no longer than so many characters, the last of them an ellipsis where it was. */
export const cut = (text: string, longest: number): string =>
  text.length > longest ? `${text.slice(0, longest - 1)}…` : text

/** What was thrown, as words. */
export const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** `12.3 s`, or `4 min 05 s`. */
export function seconds(ms: number): string {
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`
  const whole = Math.round(ms / 1000)
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`
}

/** How long ago a time was: `12 s ago`, `3 min ago`, `5 h ago`, `2 days ago`. */
export function ago(time: string, now = Date.now()): string {
  const past = Math.max(0, Math.round((now - Date.parse(time)) / 1000))
  if (past < 60) return `${past} s ago`
  if (past < 3600) return `${Math.floor(past / 60)} min ago`
  return past < 172_800 ? `${Math.floor(past / 3600)} h ago` : `${Math.floor(past / 86_400)} days ago`
}
