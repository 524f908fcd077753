import { styleText } from 'node:util'
import { renderConsole, type ConsoleOptions, type Paint } from '../report/console.js'
import { renderJson } from '../report/json.js'
import { renderJunit } from '../report/junit.js'
import { exitCodeOf, type VerifyResult } from '../report/model.js'
import { writeWhole } from '../report/write-whole.js'
import type { CommandIo } from './context.js'
import type { VerifyCommandOptions } from './verify-options.js'

/** Shows a result as the options ask for it; gives the exit code. */
export async function showResult(
  result: VerifyResult,
  { json = false, junit }: VerifyCommandOptions,
  io: CommandIo,
): Promise<number> {
  if (junit !== undefined) await writeWhole(junit, renderJunit(result))
  io.print(json ? renderJson(result) : renderConsole(result, consoleOptions(process.stdout)))
  if (result.checks.length === 0) io.say('nothing was judged: no check applies to what is declared here')
  return exitCodeOf(result)
}

/** How a stream can be written to: as wide as its terminal, and in colors. */
export function consoleOptions({ isTTY, columns }: NodeJS.WriteStream): ConsoleOptions {
  if (!isTTY) return {}
  const paint: Paint = (color, words) => (process.env['NO_COLOR'] ? words : styleText(color, words))
  return { columns, paint }
}
