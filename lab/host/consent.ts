import { createInterface } from 'node:readline/promises'
import type { Consent } from './provision.js'

/**
 * Consent as the program gets it: `--yes` or CI=true give it, a person at a terminal is asked, everybody
 * else has not given it.
 */
export function consentFrom(yes: boolean, say: (line: string) => void): Consent {
  return async (question, commands) => {
    const given = yes || process.env['CI'] === 'true'
    // Nobody to ask: the refusal that follows shows the commands.
    if (!given && !(process.stdin.isTTY && process.stderr.isTTY)) return false
    for (const line of [question, ...commands.map((command) => `  ${command}`)]) say(line)
    if (given) return true
    const prompt = createInterface({ input: process.stdin, output: process.stderr })
    try {
      return /^y(es)?$/i.test((await prompt.question('[y/N] ')).trim())
    } finally {
      prompt.close()
    }
  }
}
