/** What the Go linker writes into a section of its own, texts included, as Go 1.18 and newer do. */
export function buildInfoSection(go: string, modules: string): Buffer {
  const mark = 'x'.repeat(16)
  const head = Buffer.alloc(32)
  head.write('\xff Go buildinf:', 'latin1')
  head[14] = 8
  head[15] = 2
  return Buffer.concat([head, text(go), text(modules === '' ? '' : mark + modules + mark)])
}

function text(words: string): Buffer {
  const bytes = Buffer.from(words)
  const length: number[] = []
  for (let rest = bytes.length; ; rest >>= 7) {
    length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
    if (rest <= 0x7f) return Buffer.concat([Buffer.from(length), bytes])
  }
}

/** An ELF file of 64 bits with these sections, and nothing that could be run. */
export function elf(sections: Readonly<Record<string, Buffer>>): Buffer {
  const names = Object.keys(sections)
  const strings = Buffer.from(`\0${names.join('\0')}\0`)
  const contents = [strings, ...Object.values(sections)]
  const header = Buffer.alloc(64)
  header.write('\x7fELF\x02\x01\x01', 'latin1')
  const table = Buffer.alloc(64 * contents.length)
  let offset = 64
  let name = 0
  contents.forEach((content, i) => {
    const at = 64 * i
    // The first of them has the names of all, and itself none.
    table.writeUInt32LE(name, at)
    table.writeBigUInt64LE(BigInt(offset), at + 0x18)
    table.writeBigUInt64LE(BigInt(content.length), at + 0x20)
    offset += content.length
    name += i === 0 ? 1 : (names[i - 1] ?? '').length + 1
  })
  header.writeBigUInt64LE(BigInt(offset), 0x28)
  header.writeUInt16LE(64, 0x3a)
  header.writeUInt16LE(contents.length, 0x3c)
  return Buffer.concat([header, ...contents, table])
}

/** A program of Go, as far as it tells what it is made of. */
export const goProgram = (go: string, modules: string): Buffer =>
  elf({ '.text': Buffer.from('code'), '.go.buildinfo': buildInfoSection(go, modules) })
