import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ownRun, RUN_LABEL } from '../host/descendants.js'
import { must, type Run } from '../host/run.js'
import { partsOfImage } from './contents.js'

/** Also whoever interrupts waits for it. */
const REMOVE_MS = 2_000

/** Of an engine that is asked for a path that the image does not have. */
const NO_SUCH_FILE = /Could not find the file|No such container:path/

/**
 * Copies out of an image what tells of its contents. Nothing of it is run: the container is made and never started.
 *
 * @param root folder that gets it, at the paths that it has in the image
 */
export async function takeOut(image: string, root: string, run: Run, signal: AbortSignal): Promise<void> {
  // The command only has to be given where the image has none.
  const label = `${RUN_LABEL}=${await ownRun()}`
  const args = ['create', '--pull', 'never', '--network', 'none', '--label', label, image, 'nothing']
  const container = (await must(run)('docker', args, { signal })).stdout.trim()
  const copy = must(whereThere(run))
  try {
    for (const path of partsOfImage) {
      const folder = join(root, dirname(path))
      await mkdir(folder, { recursive: true })
      await copy('docker', ['cp', `${container}:/${path}`, folder], { signal })
    }
  } finally {
    // By its label teardown finds one that an engine which hangs does not give up now.
    const ends = AbortSignal.timeout(REMOVE_MS)
    await run('docker', ['rm', '--force', container], { signal: ends }).catch(() => undefined)
  }
}

/** Not each image has each path: that is no failure. */
function whereThere(run: Run): Run {
  return async (...command) => {
    const result = await run(...command)
    return NO_SUCH_FILE.test(result.stderr) ? { ...result, exitCode: 0 } : result
  }
}
