import { readFile } from 'node:fs/promises'
import { release } from 'node:os'
import { join } from 'node:path'
import { unlessAbsent } from '../../host/not-found.js'

/**
 * Whether the kernel of this host knows IPVS: it is there already, or it is a module that can be loaded.
 *
 * @param root where the host's files are
 */
export async function kernelHasIpvs(root = '/'): Promise<boolean> {
  const read = (file: string): Promise<string | undefined> => unlessAbsent(readFile(join(root, file), 'utf8'))
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
