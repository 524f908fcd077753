import type { Container, Engine } from '../cluster/engine.js'
import type { LabState } from '../cluster/state.js'
import { LabError } from '../errors.js'
import { wordsOf } from '../words.js'
import type { StepIo } from './step.js'
import { isDiskFull } from '../host/file-error.js'
import { waitUntil } from '../host/wait.js'

/** So often none may be seen: the engine may not have begun yet what a program asked for before it was killed. */
const LOOKS = 3
const EVERY_MS = 200

/** What is being made or removed meanwhile may be there in one question, and not in the next. */
const PASSES = /No such (?:container|object)|already in progress/i
/** What is waited for where nothing is seen. */
const LATE = 'containers that come late'
/** So often the engine may refuse for other reasons. */
const REFUSALS = 10

/**
 * Removes the containers of a lab whose making, or removal, was cut off, until none appears any more; then their
 * volumes, which take the engine seconds each, while nothing of the lab runs any more.
 *
 * @returns what was removed: containers, and names of volumes
 * @throws LabError `command.failed` where the engine goes on refusing
 */
export async function removeHalfMade(
  engine: Engine,
  state: LabState,
  { signal, progress }: StepIo,
): Promise<{ readonly containers: readonly Container[]; readonly volumes: readonly string[] }> {
  const removed = new Map<string, Container>()
  const noted = new Set(await state.volumesOfNodes())
  const volumes = new Set(noted)
  let looks = 0
  let refusals = 0
  await waitUntil(
    async () => {
      try {
        const containers = await engine.containers(state.name)
        looks = containers.length === 0 ? looks + 1 : 0
        if (containers.length === 0) {
          if (looks < LOOKS) return LATE
          const making = await engine.beingMade(await state.containersOfNodes(), state.name)
          if (making.length === 0) return undefined
          looks = 0
          return `the engine, which still makes ${making.join(', ')} (restart it if this does not end)`
        }
        const theirs = await engine.anonymousVolumes(containers)
        for (const volume of theirs) volumes.add(volume)
        const isNoted = await noteVolumes(state, theirs, noted)
        await engine.removeContainers(containers, { volumes: !isNoted })
        for (const container of containers) removed.set(container.id, container)
        return `the removal of ${containers.map(({ name }) => name).join(', ')}`
      } catch (error) {
        if (!(error instanceof LabError) || error.code !== 'command.failed') throw error
        looks = 0
        const words = error.details ?? wordsOf(error)
        if (!PASSES.test(words)) refusals++
        if (refusals === REFUSALS) throw error
        return words
      }
    },
    { signal, everyMs: EVERY_MS, onWaiting: progress },
  )
  const left = await engine.volumesLeft(volumes)
  await engine.removeVolumes(left)
  return { containers: [...removed.values()], volumes: left }
}

/**
 * Adds them to the journal: nothing else names them once their containers are gone and this run is killed.
 *
 * @returns whether that could be done: a disk that is full must not keep what takes its space
 */
export async function noteVolumes(
  state: LabState,
  found: readonly string[],
  noted: Set<string>,
): Promise<boolean> {
  const last = (await state.entries()).at(-1)?.event
  const isNew = found.some((volume) => !noted.has(volume))
  try {
    if (isNew || last !== 'nodes-removed') await state.journal({ event: 'nodes-removed', volumes: found })
  } catch (error) {
    if (!isDiskFull(error)) throw error
    return false
  }
  for (const volume of found) noted.add(volume)
  return true
}
