import { commandLine } from '../host/run.js'

/** Offers a diagnosis of the very lab that the options of a command speak of, as one line. Pure. */
export function offer({ lab, name }: { readonly lab?: string; readonly name?: string }): string {
  const options = [
    ...(lab === undefined ? [] : ['--lab', lab]),
    ...(name === undefined ? [] : ['--name', name]),
  ]
  const command = commandLine('npm', ['run', 'diagnose', ...(options.length === 0 ? [] : ['--', ...options])])
  return `${command} collects what happened into one archive (secrets redacted)`
}
