import { stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { LabError } from '../errors.js'
import { unlessAbsent } from './not-found.js'

/** Space that will be taken below a folder; the folder need not be there yet. */
export interface DiskNeed {
  readonly folder: string
  readonly bytes: number
}

/** What to do where space runs out: what removes only what is made again, and no container, be it a lab's that is stopped. */
export const FREE_SPACE =
  'free some space there, for example with docker builder prune, docker image prune and go clean -cache'

/** How a file system is looked at; replaced in tests. */
export interface DiskLook {
  /** Which file system a folder is on; `undefined` when there is no such folder. */
  device(folder: string): Promise<number | undefined>
  /** Bytes that this user can still take there. */
  free(folder: string): Promise<number>
}

const realLook: DiskLook = {
  device: async (folder) => (await unlessAbsent(stat(folder)))?.dev,
  free: async (folder) => {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  },
}

/** What is free on one file system, and what will be taken there. */
export interface DiskSpace {
  readonly folders: readonly string[]
  /** Bytes. */
  readonly free: number
  /** Bytes. */
  readonly needed: number
}

/** The space of all of it; what lies on one file system is added up. Nothing that needs nothing is looked at. */
export async function measureDisk(
  needs: readonly DiskNeed[],
  look: DiskLook = realLook,
): Promise<DiskSpace[]> {
  const byDevice = new Map<number, { folders: string[]; bytes: number; at: string }>()
  for (const { folder, bytes } of needs) {
    if (bytes === 0) continue
    const { device, at } = await nearest(folder, look)
    const sum = byDevice.get(device) ?? { folders: [], bytes: 0, at }
    byDevice.set(device, { ...sum, folders: [...sum.folders, folder], bytes: sum.bytes + bytes })
  }
  return Promise.all(
    [...byDevice.values()].map(async ({ folders, bytes, at }) => ({
      ...{ folders, free: await look.free(at), needed: bytes },
    })),
  )
}

/**
 * Looks whether there is space for all of it.
 *
 * @throws LabError `host.disk` with what is free and what is needed
 */
export async function checkDisk(needs: readonly DiskNeed[], look: DiskLook = realLook): Promise<void> {
  for (const { folders, free, needed } of await measureDisk(needs, look)) {
    if (free >= needed) continue
    throw new LabError(
      'host.disk',
      `${folders.join(', ')}: ${gigabytes(free)} free, and this needs ${gigabytes(needed)}`,
      { hint: FREE_SPACE },
    )
  }
}

/** The folder itself, or the nearest one above it that is there. */
async function nearest(folder: string, look: DiskLook): Promise<{ device: number; at: string }> {
  const device = await look.device(folder)
  return device === undefined ? nearest(dirname(folder), look) : { device, at: folder }
}

/** `1.5 GB`. */
export const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`
