import { appendFile, rm } from 'node:fs/promises'
import { LabState, type JournalEntry } from '../../../lab/cluster/state.js'
import type { VerifyResult } from '../../../lab/report/model.js'
import type { Chaos } from './chaos.js'

/** The folder of a lab whose disk may be full, and whose process may be killed amid a write. */
export class FrailState extends LabState {
  constructor(
    name: string,
    folder: string,
    private readonly chaos: Chaos,
  ) {
    super(name, folder)
  }

  override create(): Promise<void> {
    return this.frail('mkdir', () => super.create())
  }

  override async read(name: string): Promise<string | undefined> {
    this.chaos.touch(`read ${name}`)
    return super.read(name)
  }

  override remove(): Promise<void> {
    return this.frail(
      'remove the folder',
      () => super.remove(),
      () => rm(this.file('journal.jsonl'), { force: true }),
    )
  }

  override write(name: string, content: string, mode?: number): Promise<void> {
    return this.frail(`write ${name}`, () => super.write(name, content, mode))
  }

  override journal(entry: JournalEntry): Promise<void> {
    return this.frail(
      `journal ${entry.event}`,
      () => super.journal(entry),
      async () => {
        await new LabState(this.name, this.folder).create()
        await appendFile(this.file('journal.jsonl'), JSON.stringify(entry).slice(0, 20))
      },
    )
  }

  override saveResult(result: VerifyResult): Promise<void> {
    return this.frail('save the result', () => super.saveResult(result))
  }

  override forgetResult(): Promise<void> {
    return this.frail('forget the result', () => super.forgetResult())
  }

  private frail(what: string, effect: () => Promise<void>, part?: () => Promise<void>): Promise<void> {
    return this.chaos.call({
      ...{ what, effect },
      ...(part === undefined ? {} : { part }),
      failure: () => {
        const full = { code: 'ENOSPC', path: this.folder, syscall: 'write' }
        throw Object.assign(new Error('ENOSPC: no space left on device, write'), full)
      },
    })
  }
}
