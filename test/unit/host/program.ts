import { spawn, type ChildProcess } from 'node:child_process'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { onTestFinished } from 'vitest'
import { temporaryFolder } from './fakes.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/**
 * A folder with modules of lab/host as plain JavaScript, and a program `main.js` that uses them: what is asked of
 * processes needs one.
 */
export async function programOf(modules: readonly string[], main: string): Promise<string> {
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'host'))
  for (const name of [...modules.map((each) => `host/${each}`), 'errors', 'words']) {
    const { outputText } = ts.transpileModule(await readFile(join(root, 'lab', `${name}.ts`), 'utf8'), {
      compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext },
    })
    await writeFile(join(folder, `${name}.js`), outputText)
  }
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  await writeFile(join(folder, 'main.js'), main)
  return folder
}

/** Runs it; it does not outlive the test. */
export function startProgram(cwd: string): ChildProcess {
  const child = spawn(process.execPath, ['main.js'], { cwd, stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}
