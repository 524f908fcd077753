import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Where they are noted, in the cache of this host. */
export const leftNetworksFolder = (cache: string): string => join(cache, 'left-networks')

/**
 * Networks that a lab made and had to leave, since other labs live on them: the last one to go takes them with it. One
 * empty file for each, in a folder of the cache, named by the id that the engine gave it: another network of the same
 * name is somebody else's.
 */
export class LeftNetworks {
  constructor(private readonly folder: string) {}

  async has(id: string): Promise<boolean> {
    return (await readdir(this.folder).catch((): string[] => [])).includes(id)
  }

  async add(id: string): Promise<void> {
    await mkdir(this.folder, { recursive: true })
    await writeFile(join(this.folder, id), '')
  }

  async remove(id: string): Promise<void> {
    await rm(join(this.folder, id), { force: true })
  }
}
