import { changed, type DeployContext } from './deploy-context.js'

/** To be awaited before each effect. */
export type Before = () => Promise<void>

/**
 * Makes the effects of one step. Before the first of them the journal says that there are some, and what was verified is
 * forgotten; after the last it says how many there were. Where there are none, nothing is written.
 */
export async function journalled<T>(
  context: DeployContext,
  effects: (before: Before) => Promise<T>,
): Promise<T> {
  const { state } = context
  const already = context.changes
  let intent: Promise<void> | undefined
  const result = await effects(async () => {
    // Effects beside each other wait for the one line.
    await (intent ??= state.journal({ event: 'changes-intent' }))
    await changed(context)
  })
  if (intent !== undefined) await state.journal({ event: 'changes-done', changes: context.changes - already })
  return result
}
