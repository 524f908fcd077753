import { readFile, rm } from 'node:fs/promises'
import { hostsBlockBegin, withoutHostsBlock } from './host-entries.js'
import { changeHosts } from './hosts-file.js'
import type { LabState } from './state.js'

/** In the lab's folder while containerlab may be writing: the hosts file without the lab's own block. */
const COPY = 'hosts.before'

/**
 * Runs an effect that writes the hosts file in place, and puts back what it cut off.
 *
 * containerlab empties the file and writes it again: killed in between, it leaves nothing; and it drops a last line
 * that has no line end (clab/hostsfile.go of 0.60.0).
 */
export async function guardingHosts<T>(
  state: LabState,
  hostsFile: string,
  effect: () => Promise<T>,
): Promise<T> {
  await mendHosts(state, hostsFile)
  await state.write(COPY, withoutHostsBlock(await readFile(hostsFile, 'utf8'), state.name))
  try {
    return await effect()
  } finally {
    await mendHosts(state, hostsFile)
  }
}

/** Puts back what was cut off by an effect that is over, or whose run was killed. Nothing where none was begun. */
export async function mendHosts(state: LabState, hostsFile: string): Promise<void> {
  const before = await state.read(COPY)
  if (before === undefined) return
  await changeHosts(hostsFile, (now) => mendedHosts(before, now, state.name))
  await rm(state.file(COPY), { force: true })
}

/**
 * The hosts file as it should be: what others have written meanwhile stays, only a beginning of what was there before
 * is completed. Pure.
 *
 * @param before without the lab's block
 * @param now with it, whole or cut short, or without it
 */
export function mendedHosts(before: string, now: string, lab: string): string {
  const head = withoutHostsBlock(now, lab)
  const begin = now.indexOf(hostsBlockBegin(lab))
  // Cut off in the very first line of the block.
  if (now.startsWith(before) && hostsBlockBegin(lab).startsWith(now.slice(before.length))) return before
  // Cut off while the block was written: all of what was there before stands in front of it.
  if (head === now && begin !== -1) return before === now.slice(0, begin) ? before : now
  if (head === before || !before.startsWith(head) || !now.startsWith(head)) return now
  // Whole lines that are gone, somebody has removed, another lab its own for one: what is cut does not end at a line.
  const lost = before.slice(head.length)
  if (head.endsWith('\n') && lost.includes('\n')) return now
  const block = now.slice(head.length)
  return before + (block === '' || before.endsWith('\n') ? '' : '\n') + block
}
