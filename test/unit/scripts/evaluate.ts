import { tryRun } from '../../../lab/host/run.js'

/**
 * What code makes of a value, in a process of its own, with what a script exports.
 *
 * @param file in `scripts/`
 * @param code an expression over `script` and `value`
 * @returns what the process says instead, where it fails
 */
export async function evaluate(file: string, code: string, value: unknown): Promise<unknown> {
  const url = new URL(`../../../scripts/${file}`, import.meta.url).href
  const program = `import { json } from 'node:stream/consumers'
    import * as script from '${url}'
    const value = await json(process.stdin)
    console.log(JSON.stringify(${code}))`
  const args = ['--input-type=module', '-e', program]
  const { exitCode, stdout, stderr } = await tryRun(process.execPath, args, { input: JSON.stringify(value) })
  return exitCode === 0 ? JSON.parse(stdout) : stderr
}
