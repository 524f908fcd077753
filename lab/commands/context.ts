import { LabOwner, ownersFolder } from '../cluster/lab-owner.js'
import { LabState } from '../cluster/state.js'
import { LabError } from '../errors.js'
import { lockedBy, tryLock, type Release } from '../host/lock.js'
import { cacheDir, stateDir } from '../host/paths.js'
import { makePlan, type Plan } from '../plan/plan.js'
import { loadSpec } from '../spec/index.js'
import { rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** The options every command has. */
export interface LabOptions {
  readonly lab?: string
  readonly name?: string
}

/** What a command is given besides its options. */
export interface CommandIo {
  /** Aborted with a LabError when the program is interrupted or terminated. */
  readonly signal: AbortSignal
  /** One line to stderr. */
  readonly say: (line: string) => void
  /** Text to stdout: a result. */
  readonly print: (text: string) => void
}

export interface Lab {
  readonly plan: Plan
  readonly state: LabState
  readonly owner: LabOwner
}

/** The lab that the options speak of. */
export async function openLab({ lab, name }: LabOptions): Promise<Lab> {
  const plan = makePlan(await loadSpec({ file: lab, name }))
  const state = new LabState(plan.name, stateDir(plan.name))
  return { plan, state, owner: new LabOwner(ownersFolder(cacheDir()), state) }
}

/**
 * Holds the lab while something changes it.
 *
 * @throws LabError `lab.locked` that says who holds it
 */
export async function holding<T>(
  { state, owner }: Lab,
  purpose: string,
  action: () => Promise<T>,
): Promise<T> {
  const release = await tryLock(state.lockFile(), purpose)
  if (typeof release !== 'function') throw await lockedBy(`lab ${state.name}`, state.lockFile(), release)
  let releaseOther: Release | undefined
  try {
    // Whoever is in the folder that it was made from must not change it meanwhile.
    releaseOther = await owner.hold(purpose)
    return await action()
  } finally {
    await releaseOther?.()
    await release()
    // The lock may have made .lab, and the lab that was in it may be gone.
    await rmdir(dirname(state.folder)).catch(() => undefined)
  }
}

/** @throws LabError `lab.absent` when the lab was not made, or not to the end */
export async function mustBeThere({ state, owner }: Lab): Promise<void> {
  const other = await owner.other()
  if (other !== undefined) {
    throw new LabError('lab.absent', `lab ${state.name} was made anew from another folder: ${other.folder}`, {
      hint: `run the command in ${dirname(dirname(other.folder))}, or run teardown --name ${state.name} first`,
    })
  }
  if ((await state.record()) !== undefined && (await state.read('kubeconfig')) !== undefined) return
  throw new LabError('lab.absent', `there is no lab ${state.name} here`, {
    hint: `run npm run deploy first, in this folder (${process.cwd()}), or name another lab with --name`,
  })
}

/** Log files that belong to no lab. */
export const hostLog = (name: string): string => join(cacheDir(), 'logs', `${name}.log`)
