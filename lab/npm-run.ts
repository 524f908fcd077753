import { commandLine } from './host/run.js'

/** A command as people type it, of the very lab that the options of another one speak of. Pure. */
export function npmRun(
  script: string,
  { lab, name }: { readonly lab?: string; readonly name?: string },
): string {
  const options = [
    ...(lab === undefined ? [] : ['--lab', lab]),
    ...(name === undefined ? [] : ['--name', name]),
  ]
  return commandLine('npm', ['run', script, ...(options.length === 0 ? [] : ['--', ...options])])
}
