import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { it, type RunnerTestCase, type RunnerTestSuite } from 'vitest'

/** A line of the record: a run is to do all of these; something is tried, or it held, and this is what there is to say of it. */
type Line =
  | { readonly planned: readonly string[] }
  | { readonly id: string }
  | { readonly id: string; readonly note: string }

/** What was tried and held, in a file, so that a run that was cut off goes on where it was. Without a file nothing is kept. */
export class FaultRecord {
  private readonly held = new Map<string, string>()
  /** Names of the tests whose outcome is kept. */
  private readonly ids = new Set<string>()
  private isPlanned = false

  constructor(private readonly file: string | undefined) {
    if (file === undefined || !existsSync(file)) return
    const lines = readFileSync(file, 'utf8')
      .split('\n')
      .filter((text) => text !== '')
    for (const line of lines.map((text) => JSON.parse(text) as Line))
      if ('note' in line) this.held.set(line.id, line.note)
  }

  /** A test whose outcome is kept under its name: its effect returns what there is to say of it. */
  test(id: string, effect: () => Promise<string>): void {
    this.ids.add(id)
    it(id, async ({ task }) => {
      this.plan(task.file)
      await this.once(id, effect)
    })
  }

  /** Does a thing unless it held before. It returns what there is to say of it. */
  private async once(id: string, effect: () => Promise<string>): Promise<void> {
    if (this.held.has(id)) return
    this.write({ id })
    const note = await effect()
    this.held.set(id, note)
    console.log(`${id}: held (${note})`)
    this.write({ id, note })
  }

  /** What is not come to must not be forgotten: before the first is tried it is written which of them this run does. */
  private plan(file: RunnerTestSuite): void {
    if (this.isPlanned) return
    this.isPlanned = true
    this.write({ planned: namesToRun(file).filter((name) => this.ids.has(name)) })
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

/** Names of the tests that were not left out, by `--only` say. */
function namesToRun(task: RunnerTestSuite | RunnerTestCase): string[] {
  if (task.mode !== 'run') return []
  return 'tasks' in task ? task.tasks.flatMap(namesToRun) : [task.name]
}
