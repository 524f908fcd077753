import { createReadStream } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, type Document } from 'yaml'
import type { Key } from '../../topology/issues.js'
import { LabError } from '../errors.js'
import { cut } from '../words.js'

/** The value of a YAML or JSON file, and where each part of it is written. */
export interface SpecFile {
  readonly value: unknown
  /** Line and column, both from 1, of the field at a path, or of the nearest field around it. */
  locate(keys: readonly Key[]): Place | undefined
}

export interface Place {
  readonly line: number
  readonly column: number
}

/**
 * Reads one document; JSON is read as the YAML it also is.
 * @throws LabError spec.unreadable when the file cannot be read or is not one document of YAML
 */
export async function readSpecFile(file: string): Promise<SpecFile> {
  return parseSpecText(await readText(file), file)
}

/** Far more than a spec says. Some files have no end, and the parser takes its time for what is long. */
const LARGEST = 128 * 1024

async function readText(file: string): Promise<string> {
  const bytes = await read(file).catch((cause: unknown) => {
    const { code } = cause as NodeJS.ErrnoException
    const reasons: Record<string, string> = {
      ENOENT:
        'there is no such file; write the path of the spec after --lab, or leave --lab out for the default lab',
      EISDIR: 'it is a directory; write the path of the file in it',
      EACCES: 'it may not be read; give yourself permission to read it',
    }
    throw new LabError(
      'spec.unreadable',
      `${file}: ${reasons[code ?? ''] ?? `cannot be read (${code ?? 'unknown'})`}`,
      { cause },
    )
  })
  if (bytes.length > LARGEST) {
    const most = `${LARGEST / 1024} KiB`
    throw new LabError('spec.unreadable', `${file}: it is larger than ${most}, more than a spec can say`)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new LabError('spec.unreadable', `${file}: it is not UTF-8 text; save it as UTF-8`, { cause })
  }
}

/** The content of a file; of a larger one than any spec, only enough to tell. */
async function read(file: string): Promise<Uint8Array> {
  // `end` is the last byte that is read.
  return buffer(createReadStream(file, { end: LARGEST }))
}

/** As {@link readSpecFile}, of text that was read already; `file` is the name for messages. */
export function parseSpecText(text: string, file: string): SpecFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true })
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  }
  // A warning is a tag nobody knows (`!!js/function`): its value would be taken for a plain text.
  const problem = document.errors[0] ?? document.warnings[0]
  if (problem) {
    const { line, column } = at(problem.pos[0])
    throw new LabError(
      'spec.unreadable',
      `${file}:${line}:${column}: ${explain(problem.code, problem.message)}`,
    )
  }
  const value = toValue(document, file)
  return {
    value,
    locate: (keys) => {
      const offset = offsetOf(document, keys)
      return offset === undefined ? undefined : at(offset)
    },
  }
}

/** More than any spec has levels. */
const DEEPEST = 32
const TOO_DEEP = 'it is nested too deep'

/** Whether there are more levels in a value than that; without end, where a part of it is in itself. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((part) => isDeeper(part, levels - 1))
}

function toValue(document: Document, file: string): unknown {
  const refused = (why: string, cause?: unknown): LabError =>
    new LabError('spec.unreadable', `${file}: ${why}`, { cause })
  const value = ((): unknown => {
    try {
      return document.toJS()
    } catch (error) {
      // Aliases without an anchor, or so many of them that they are meant to fill the memory.
      const reason = error instanceof Error ? firstLine(error.message) : ''
      throw refused(error instanceof RangeError ? TOO_DEEP : `${reason}; write the values out`, error)
    }
  })()
  // Half a file must not deploy the default lab.
  if (value === null) throw refused('it is empty; write {} for the default lab, or leave --lab out')
  if (isDeeper(value, DEEPEST))
    throw refused(`${TOO_DEEP}, or a part of it is in itself; write fields as docs/topology.md shows them`)
  return value
}

/** The parser's words, with what to do where it says only what is wrong. */
function explain(code: string, message: string): string {
  switch (code) {
    case 'DUPLICATE_KEY':
      return 'the same field is written twice; remove one of them'
    case 'MULTIPLE_DOCS':
      return 'a second document begins; write one document, without ---'
    // The parser's own stack.
    case 'RESOURCE_EXHAUSTION':
      return TOO_DEEP
    case 'TAB_AS_INDENT':
      return 'a tab cannot indent YAML; write spaces'
    default:
      return `not YAML: ${firstLine(message)}`
  }
}

/** What the parser says in the first of its lines; it quotes what it met, however long that is. */
function firstLine(message: string): string {
  const [line = ''] = message.split('\n')
  return cut(line, 200)
}

/** Offset of the field's key, or of the item for an index; of the last one on the way there that exists. */
function offsetOf(document: Document, keys: readonly Key[]): number | undefined {
  let node: unknown = document.contents
  let offset = start(node)
  for (const key of keys) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === key)
      if (!pair) break
      offset = start(pair.key) ?? offset
      node = pair.value
    } else if (isSeq(node) && typeof key === 'number') {
      node = node.items[key]
      offset = start(node) ?? offset
    } else break
  }
  return offset
}

const start = (node: unknown): number | undefined => (isNode(node) ? node.range?.[0] : undefined)
