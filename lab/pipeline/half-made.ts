import type { Container, Engine } from '../cluster/engine.js'
import type { LabState } from '../cluster/state.js'
import { LabError } from '../errors.js'
import { isDiskFull } from '../host/file-error.js'
import { waitUntil } from '../host/wait.js'

/** So often none may be seen: the engine may still make what a program asked for before it was killed. */
const LOOKS = 3
const EVERY_MS = 200

/** What is being made or removed meanwhile may be there in one question, and not in the next. */
const PASSES = /No such (?:container|object)|already in progress/i
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
  signal: AbortSignal,
): Promise<{ readonly containers: readonly Container[]; readonly volumes: readonly string[] }> {
  const removed = new Map<string, Container>()
  const volumes = new Set(await state.volumesOfNodes())
  let looks = 0
  let refusals = 0
  await waitUntil(
    async () => {
      try {
        const containers = await engine.containers(state.name)
        looks = containers.length === 0 ? looks + 1 : 0
        if (containers.length > 0) {
          const theirs = await engine.anonymousVolumes(containers)
          for (const volume of theirs) volumes.add(volume)
          await journalUnlessFull(state, theirs)
          await engine.removeContainers(containers, { volumes: false })
          for (const container of containers) removed.set(container.id, container)
        }
      } catch (error) {
        if (!(error instanceof LabError) || error.code !== 'command.failed') throw error
        looks = 0
        if (!PASSES.test(error.details ?? '')) refusals++
        if (refusals === REFUSALS) throw error
      }
      return looks < LOOKS ? 'the end of what was half made' : undefined
    },
    { signal, everyMs: EVERY_MS },
  )
  const left = (await engine.allVolumes()).filter((volume) => volumes.has(volume))
  await engine.removeVolumes(left)
  return { containers: [...removed.values()], volumes: left }
}

/** A disk that is full must not keep what takes its space. */
async function journalUnlessFull(state: LabState, volumes: readonly string[]): Promise<void> {
  try {
    await state.journal({ event: 'nodes-removed', volumes })
  } catch (error) {
    if (!isDiskFull(error)) throw error
  }
}
