import { open, type FileHandle } from 'node:fs/promises'

/** A module that was linked into a program. */
export interface GoModule {
  readonly path: string
  /** `(devel)` where it was built from a folder. */
  readonly version: string
  /** As in go.sum; empty where it was built from a folder. */
  readonly sum: string
  /** What was built in its place. */
  readonly replacement?: { readonly path: string; readonly version: string; readonly sum: string }
}

/** What the Go compiler writes into each program. */
export interface GoBuildInfo {
  /** `go1.24.5`. */
  readonly go: string
  /** The module of the program itself. */
  readonly main: GoModule | undefined
  readonly modules: readonly GoModule[]
}

const SECTION = '.go.buildinfo'
const MAGIC = Buffer.from('\xff Go buildinf:', 'latin1')
/** Bit of the flags: the texts follow in the section itself, as Go 1.18 and newer write them. */
const INLINE = 2
const TEXTS_AT = 32
/** Marks of 16 bytes before and behind the list of modules. */
const MARK = 16

/**
 * The modules that are linked into a program, by its own words: what `go version -m` prints, where there need be no Go.
 *
 * @returns `undefined` for a file that is no program of Go for Linux
 */
export async function readGoBuildInfo(file: string): Promise<GoBuildInfo | undefined> {
  const handle = await open(file)
  try {
    const section = await readSection(handle)
    return section === undefined ? undefined : parseBuildInfo(section)
  } finally {
    await handle.close()
  }
}

/** The section of an ELF file of 64 bits and little-endian, as Debian's amd64 and arm64 are. */
async function readSection(handle: FileHandle): Promise<Buffer | undefined> {
  const header = await read(handle, 0, 64)
  if (header.length < 64 || header.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') return undefined
  const [size, count, nameIndex] = [0x3a, 0x3c, 0x3e].map((at) => header.readUInt16LE(at))
  if (size === undefined || count === undefined || nameIndex === undefined || size === 0) return undefined
  const table = await read(handle, Number(header.readBigUInt64LE(0x28)), size * count)
  const sections = Array.from({ length: Math.floor(table.length / size) }, (_, i) => {
    const at = i * size
    return {
      name: table.readUInt32LE(at),
      offset: Number(table.readBigUInt64LE(at + 0x18)),
      size: Number(table.readBigUInt64LE(at + 0x20)),
    }
  })
  const names = sections[nameIndex]
  if (names === undefined) return undefined
  const texts = await read(handle, names.offset, names.size)
  const found = sections.find(
    ({ name }) => texts.toString('latin1', name, name + SECTION.length + 1) === `${SECTION}\0`,
  )
  return found && read(handle, found.offset, found.size)
}

async function read(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(length), position })
  return buffer.subarray(0, bytesRead)
}

function parseBuildInfo(section: Buffer): GoBuildInfo | undefined {
  const flags = section[MAGIC.length + 1] ?? 0
  if (!section.subarray(0, MAGIC.length).equals(MAGIC) || (flags & INLINE) === 0) return undefined
  const go = text(section, TEXTS_AT)
  const list = text(section, go.end)
  const { main, modules } = parseModules(section.toString('utf8', list.start + MARK, list.end - MARK))
  return { go: section.toString('utf8', go.start, go.end), main, modules }
}

/** Where a text is that follows its own length: seven bits a byte, the lowest first. */
function text(section: Buffer, at: number): { start: number; end: number } {
  let [length, shift, start] = [0, 0, at]
  for (;;) {
    const byte = section[start++] ?? 0
    length += (byte & 0x7f) * 2 ** shift
    shift += 7
    if (byte < 0x80) return { start, end: start + length }
  }
}

/** Lines of words with tabs between them: `mod`, `dep`, and `=>` for what was built in place of the line before. */
export function parseModules(lines: string): Pick<GoBuildInfo, 'main' | 'modules'> {
  let main: GoModule | undefined
  const modules: GoModule[] = []
  for (const line of lines.split('\n')) {
    const [kind, path = '', version = '', sum = ''] = line.split('\t')
    const module = { path, version, sum }
    if (kind === 'mod') main = module
    else if (kind === 'dep') modules.push(module)
    else if (kind === '=>') {
      const last = modules.pop()
      if (last !== undefined) modules.push({ ...last, replacement: module })
      else if (main !== undefined) main = { ...main, replacement: module }
    }
  }
  return { main, modules }
}
