import { mkdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { holderOf, isOwn, lock, lockedBy, tryLock, type LockOwner, type Release } from '../host/lock.js'
import { unlessAbsent } from '../host/not-found.js'
import type { LabError } from '../errors.js'
import { LabState } from './state.js'

/** Where it is noted, in the cache of this host, from which folder each lab was made. */
export const ownersFolder = (cache: string): string => join(cache, 'owners')

/** How it is waited for the note, which others change for a moment. */
interface Waiting {
  readonly signal: AbortSignal
  readonly progress: (line: string) => void
}

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

  /** The state that the lab was made with, where that is in another folder, which is still there. */
  async other(): Promise<LabState | undefined> {
    const folder = await unlessAbsent(readFile(this.file, 'utf8'))
    if (folder === undefined || folder === '' || folder === this.state.folder) return undefined
    // A folder may have several paths.
    const [there, here] = await Promise.all(
      [folder, this.state.folder].map((path) => unlessAbsent(stat(path))),
    )
    if (there === undefined || (there.ino === here?.ino && there.dev === here.dev)) return undefined
    return new LabState(this.state.name, folder)
  }

  /**
   * Holds the lab in that other folder, where there is one.
   *
   * @throws LabError `lab.locked` while a run there holds it
   */
  async hold(purpose: string): Promise<Release | undefined> {
    const other = await this.other()
    if (other === undefined) return undefined
    const got = await tryLock(other.lockFile(), purpose)
    if (typeof got === 'function') return got
    throw await heldIn(other, got)
  }

  /** @throws LabError `lab.locked` while another run, in that other folder, holds the lab */
  async mustBeFree(): Promise<void> {
    const other = await this.other()
    const holder = other && (await holderOf(other.lockFile()))
    // This run holds both where it changes what another folder has made.
    if (other === undefined || holder === undefined || (await isOwn(holder))) return
    throw await heldIn(other, holder)
  }

  /**
   * To be called before the containers of a lab are changed, when they are known not to be another folder's.
   *
   * @throws LabError `lab.locked`: of two folders that make a lab of one name at once, one does
   */
  async claim(waiting: Waiting): Promise<void> {
    if ((await unlessAbsent(readFile(this.file, 'utf8'))) === this.state.folder) return
    await this.holding(waiting, async () => {
      await this.mustBeFree()
      await writeFile(this.file, this.state.folder, { flush: true })
    })
  }

  /** To be called when there are no containers of this name any more, whoever made them. */
  async release(waiting: Waiting): Promise<void> {
    if ((await unlessAbsent(stat(this.file))) !== undefined) {
      await this.holding(waiting, async () => {
        await this.mustBeFree()
        await rm(this.file)
      })
    }
    // The last one; others may have theirs there.
    await rmdir(this.notes).catch(() => undefined)
  }

  private async holding({ signal, progress }: Waiting, change: () => Promise<void>): Promise<void> {
    await mkdir(this.notes, { recursive: true })
    const release = await lock(`${this.file}.lock`, 'noting whose the lab is', {
      signal,
      onWaiting: progress,
    })
    try {
      await change()
    } finally {
      await release()
    }
  }
}

const heldIn = ({ name, folder, lockFile }: LabState, holder: LockOwner): Promise<LabError> =>
  lockedBy(`lab ${name}, made from ${folder},`, lockFile(), holder)
