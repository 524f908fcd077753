import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'

/** A module of two files, as a proxy has it. */
export interface Module {
  readonly path: string
  readonly version: string
  readonly mod: string
  readonly code: string
}

/** A folder that Go takes for a proxy (go.dev/ref/mod#goproxy-protocol). */
export async function goProxy(folder: string, module: Module): Promise<string> {
  const { path, version, mod } = module
  const versions = join(folder, path, '@v')
  await mkdir(versions, { recursive: true })
  await writeFile(join(versions, `${version}.info`), JSON.stringify({ Version: version }))
  await writeFile(join(versions, `${version}.mod`), mod)
  await writeFile(join(versions, `${version}.zip`), zip(contents(module)))
  return `file://${folder}`
}

/** The two lines of go.sum that pin it. */
export function goSum(module: Module): string {
  const { path, version, mod } = module
  return `${path} ${version} ${h1(contents(module))}\n${path} ${version}/go.mod ${h1({ 'go.mod': mod })}\n`
}

function contents({ path, version, mod, code }: Module): Record<string, string> {
  return { [`${path}@${version}/go.mod`]: mod, [`${path}@${version}/lib.go`]: code }
}

/** The hash of Go's own (golang.org/x/mod/sumdb/dirhash). */
function h1(all: Readonly<Record<string, string>>): string {
  const sha256 = (text: string) => createHash('sha256').update(text)
  const lines = Object.keys(all)
    .toSorted()
    .map((name) => `${sha256(all[name] ?? '').digest('hex')}  ${name}\n`)
  return `h1:${sha256(lines.join('')).digest('base64')}`
}

/** A zip archive of files as they are, uncompressed. */
function zip(all: Readonly<Record<string, string>>): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [name, text] of Object.entries(all)) {
    const [file, data] = [Buffer.from(name), Buffer.from(text)]
    // Version, flags, method, time and date, then what both headers have.
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(33, 8)
    common.writeUInt32LE(crc32(data), 10)
    common.writeUInt32LE(data.length, 14)
    common.writeUInt32LE(data.length, 18)
    common.writeUInt16LE(file.length, 22)
    const entry = Buffer.alloc(14)
    entry.writeUInt32LE(offset, 10)
    directory.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common, entry, file)
    parts.push(Buffer.from('PK\x03\x04', 'latin1'), common, file, data)
    offset += 30 + file.length + data.length
  }
  const central = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(Object.keys(all).length, 8)
  end.writeUInt16LE(Object.keys(all).length, 10)
  end.writeUInt32LE(central.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...parts, central, end])
}
