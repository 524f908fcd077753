import type { Issue } from '../../topology/issues.js'
import { LabError } from '../errors.js'
import { oneLine } from '../words.js'
import { readSpecFile, type Place, type SpecFile } from './file.js'
import { parseSpec, type Spec } from './parse.js'

export interface LoadSpecOptions {
  /** Path of the spec file (`--lab`); without it, the default lab. */
  readonly file?: string | undefined
  /** Name of the lab (`--name`); wins over the file's. */
  readonly name?: string | undefined
}

/**
 * The spec the command line asks for.
 * @throws LabError spec.unreadable when the file is not there or not YAML, spec.invalid when it says what
 *   cannot work. The message is one line: file, line and column, the field's path, and what to write instead.
 *   Where there are more problems, `details` has a line for each.
 */
export async function loadSpec(options: LoadSpecOptions = {}): Promise<Spec> {
  const source = options.file === undefined ? undefined : await readSpecFile(options.file)
  const parsed = parseSpec(withName(source ? source.value : {}, options.name))
  if (parsed.ok) return parsed.spec
  throw invalid(parsed.issues, options, source)
}

/** A value that is no map stays as it is, for `parseSpec` to say so. */
function withName(value: unknown, name: string | undefined): unknown {
  const map = typeof value === 'object' && value !== null && !Array.isArray(value)
  // A copy with the own fields only, `__proto__` included, which spreading keeps as a field.
  return map && name !== undefined ? { ...value, name } : value
}

function invalid(issues: readonly Issue[], options: LoadSpecOptions, source: SpecFile | undefined): LabError {
  const found = issues
    .map((issue) => describe(issue, options, source))
    .sort(
      (a, b) =>
        (a.place?.line ?? 0) - (b.place?.line ?? 0) || (a.place?.column ?? 0) - (b.place?.column ?? 0),
    )
  const [firstLine = ''] = found.map(({ line }) => line)
  if (found.length === 1) return new LabError('spec.invalid', firstLine)
  const more = found.length - 1
  return new LabError(
    'spec.invalid',
    `${firstLine} (and ${more} more ${more === 1 ? 'problem' : 'problems'})`,
    {
      details: found.map(({ line }) => oneLine(line)).join('\n'),
    },
  )
}

function describe(
  issue: Issue,
  options: LoadSpecOptions,
  source: SpecFile | undefined,
): { place?: Place; line: string } {
  if (issue.path === 'name' && options.name !== undefined) return { line: `--name: ${issue.message}` }
  const field = issue.path === '' ? '' : `${issue.path}: `
  if (options.file === undefined || !source) return { line: `${field}${issue.message}` }
  const place = source.locate(issue.keys)
  if (!place) return { line: `${options.file}: ${field}${issue.message}` }
  return { place, line: `${options.file}:${place.line}:${place.column}: ${field}${issue.message}` }
}
