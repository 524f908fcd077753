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
 * The hosts file as it should be: what was cut off is put back, and what others have written meanwhile stays, but for
 * what stands behind a block that was cut, which cannot be told from the block. Pure.
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
  if (head === before) return now
  if (!before.startsWith(head) || !now.startsWith(head)) return withLost(before, now)
  // Whole lines that are gone, somebody has removed, another lab its own for one: what is cut does not end at a line.
  const lost = before.slice(head.length)
  if (head.endsWith('\n') && lost.includes('\n')) return now
  const block = now.slice(head.length)
  return before + (block === '' || before.endsWith('\n') ? '' : '\n') + block
}

/** Blocks of labs, whole. */
const BLOCKS = /^###### CLAB-(.+)-START ######\n[^]*?^###### CLAB-\1-END ######\n?/gm

/** What was cut off is put back also where others have written since. */
function withLost(before: string, now: string): string {
  const there = now.split('\n')
  const lines = before.split('\n')
  const [last = ''] = lines.slice(-1)
  // Nobody replaces each line of the file: it was emptied. A block of another lab may have come again since.
  const own = before.replace(BLOCKS, '').split('\n')
  if (own.some((line) => line !== '') && own.every((line) => line === '' || !there.includes(line))) {
    const back = before.replace(BLOCKS, (block, lab: string) =>
      there.includes(hostsBlockBegin(lab)) ? '' : block,
    )
    return `${back}${last === '' ? '' : '\n'}${now}`
  }
  const rest = before.slice(0, before.length - last.length)
  // Its last line had no end.
  if (last === '' || there.includes(last) || !now.startsWith(rest)) return now
  return `${before}\n${now.slice(rest.length)}`
}
