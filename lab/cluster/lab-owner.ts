import { mkdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { holderOf, lock, lockedBy } from '../host/lock.js'
import { exists, unlessAbsent } from '../host/not-found.js'
import { LabState } from './state.js'

/** Where it is noted, in the cache of this host, from which folder each lab was made. */
export const ownersFolder = (cache: string): string => join(cache, 'owners')

/**
 * From which folder the containers of a lab were made. Their labels tell its name only, and the journal of a folder only
 * what was begun there: another folder may have made a lab of the same name since. One file for each name, with the
 * path of the state folder in it.
 */
export class LabOwner {
  private readonly file: string

  constructor(
    private readonly notes: string,
    private readonly state: Pick<LabState, 'name' | 'folder'>,
  ) {
    this.file = join(notes, state.name)
  }

  /** The state folder that the lab was made from, where that is another one and is still there. */
  async other(): Promise<string | undefined> {
    const folder = await this.noted()
    if (folder === undefined || folder === this.state.folder) return undefined
    return (await exists(folder)) ? folder : undefined
  }

  /** @throws LabError `lab.locked` while a run in that other folder holds the lab */
  async mustBeFree(): Promise<void> {
    const folder = await this.noted()
    if (folder === undefined || folder === this.state.folder) return
    const other = new LabState(this.state.name, folder)
    const holder = await holderOf(other.lockFile())
    if (holder === undefined) return
    throw await lockedBy(`lab ${this.state.name}, made from ${folder},`, other.lockFile(), holder)
  }

  /**
   * To be called before the containers are made.
   *
   * @throws LabError `lab.locked`: of two folders that make a lab of one name at once, one does
   */
  async claim(signal: AbortSignal): Promise<void> {
    await mkdir(this.notes, { recursive: true })
    const release = await lock(`${this.file}.lock`, 'noting whose the lab is', { signal })
    try {
      await this.mustBeFree()
      await writeFile(this.file, this.state.folder, { flush: true })
    } finally {
      await release()
    }
  }

  /** To be called when there are no containers of this name any more, whoever made them. */
  async release(): Promise<void> {
    await rm(this.file, { force: true })
    // The last one; others may have theirs there.
    await rmdir(this.notes).catch(() => undefined)
  }

  private async noted(): Promise<string | undefined> {
    const folder = await unlessAbsent(readFile(this.file, 'utf8'))
    return folder === '' ? undefined : folder
  }
}
