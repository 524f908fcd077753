import { readFile } from 'node:fs/promises'
import { release } from 'node:os'
import { join } from 'node:path'
import { isNotFound } from '../../host/not-found.js'

/**
 * Whether the kernel of this host knows IPVS: it is there already, or it is a module that can be loaded.
 *
 * @param root where the host's files are
 */
export async function kernelHasIpvs(root = '/'): Promise<boolean> {
  const read = async (file: string): Promise<string | undefined> => {
    try {
      return await readFile(join(root, file), 'utf8')
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }
  const modules = `lib/modules/${release()}`
  const [table, loaded, builtin, loadable] = await Promise.all(
    ['proc/net/ip_vs', 'proc/modules', `${modules}/modules.builtin`, `${modules}/modules.dep`].map(read),
  )
  return (
    table !== undefined ||
    /^ip_vs /m.test(loaded ?? '') ||
    /\/ip_vs\.ko/.test(`${builtin ?? ''}\n${loadable ?? ''}`)
  )
}
