import { createInterface } from 'node:readline/promises'
import type { Consent } from './provision.js'
import { interrupted } from './signals.js'

/** Where a person is asked; replaced in tests. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean }
}

/**
 * Consent as the program gets it: `--yes` or CI=true give it, a person at a terminal is asked, everybody
 * else has not given it.
 *
 * @param signal ends the question; its reason is thrown
 */
export function consentFrom(
  yes: boolean,
  say: (line: string) => void,
  signal?: AbortSignal,
  terminal: Terminal = { input: process.stdin, output: process.stderr },
): Consent {
  return async (question, commands) => {
    const given = yes || process.env['CI'] === 'true'
    // Nobody to ask: the refusal that follows shows the commands.
    if (!given && !(terminal.input.isTTY === true && terminal.output.isTTY === true)) return false
    for (const line of [question, ...commands.map((command) => `  ${command}`)]) say(line)
    return given || /^y(es)?$/i.test((await answer(terminal, signal)).trim())
  }
}

/**
 * What is typed at the prompt, and nothing where the input ends instead (Ctrl-D).
 *
 * @throws LabError `interrupted` on Ctrl-C, which a terminal gives to whoever asks and not as a signal
 */
async function answer({ input, output }: Terminal, signal: AbortSignal | undefined): Promise<string> {
  signal?.throwIfAborted()
  const prompt = createInterface({ input, output, terminal: true })
  try {
    return await new Promise((resolve, reject) => {
      prompt.once('SIGINT', () => reject(interrupted))
      prompt.once('close', () => resolve(''))
      signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
      // It is rejected on what is handled above already.
      prompt.question('[y/N] ').then(resolve, () => undefined)
    })
  } finally {
    prompt.close()
  }
}
