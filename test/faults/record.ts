import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** A line of the record: something is tried, or it held, and this is what there is to say of it. */
interface Line {
  readonly id: string
  readonly note?: string
}

/** What was tried and held, in a file, so that a run that was cut off goes on where it was. Without a file nothing is kept. */
export class FaultRecord {
  private readonly held = new Map<string, string>()

  constructor(private readonly file: string | undefined) {
    if (file === undefined || !existsSync(file)) return
    const lines = readFileSync(file, 'utf8')
      .split('\n')
      .filter((text) => text !== '')
    for (const { id, note } of lines.map((line) => JSON.parse(line) as Line))
      if (note !== undefined) this.held.set(id, note)
  }

  /** Does a thing unless it held before. It returns what there is to say of it. */
  async once(id: string, effect: () => Promise<string>): Promise<void> {
    if (this.held.has(id)) return
    this.write({ id })
    const note = await effect()
    this.held.set(id, note)
    console.log(`${id}: held (${note})`)
    this.write({ id, note })
  }

  /** What there is to say of those that held. */
  notesOf(which: RegExp): string[] {
    return [...this.held].filter(([id]) => which.test(id)).map(([, note]) => note)
  }

  private write(line: Line): void {
    if (this.file === undefined) return
    mkdirSync(dirname(this.file), { recursive: true })
    appendFileSync(this.file, `${JSON.stringify(line)}\n`)
  }
}
