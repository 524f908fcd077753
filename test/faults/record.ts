import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** One thing that was tried and held. */
export interface Held {
  readonly id: string
  /** What there is to say of it. */
  readonly note: string
}

/** What held, in a file, so that a run that was cut off goes on where it was. Without a file nothing is kept. */
export class FaultRecord {
  private readonly held = new Map<string, Held>()

  constructor(private readonly file: string | undefined) {
    if (file === undefined || !existsSync(file)) return
    for (const line of readFileSync(file, 'utf8')
      .split('\n')
      .filter((text) => text !== '')) {
      const held = JSON.parse(line) as Held
      this.held.set(held.id, held)
    }
  }

  /** Does a thing unless it held before. It returns what there is to say of it. */
  async once(id: string, effect: () => Promise<string>): Promise<void> {
    if (this.held.has(id)) return
    const held = { id, note: await effect() }
    this.held.set(id, held)
    console.log(`${id}: held (${held.note})`)
    if (this.file === undefined) return
    mkdirSync(dirname(this.file), { recursive: true })
    appendFileSync(this.file, `${JSON.stringify(held)}\n`)
  }
}
