import { npmRun } from '../npm-run.js'

/** Offers a diagnosis of the very lab that the options of a command speak of, as one line. Pure. */
export const offer = (options: { readonly lab?: string; readonly name?: string }): string =>
  `${npmRun('diagnose', options)} collects what happened into one archive (secrets redacted)`
