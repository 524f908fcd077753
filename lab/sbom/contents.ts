import { lstat, readdir, readFile, realpath } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import { RECORD_FILE, sha256 } from '../artifacts/checksums.js'
import { unlessAbsent } from '../host/not-found.js'
import { licencesOfCopyright } from './debian-copyright.js'
import { installedPackages, type DebianPackage, type OperatingSystem } from './debian.js'
import { readGoBuildInfo } from './go-build-info.js'
import type { GoProgram } from './go.js'
import type { Jar } from './jars.js'

/** What an artifact is made of, as it says itself. */
export interface Contents {
  readonly programs: readonly GoProgram[]
  /** Files that are no programs of Go; of an image, only what nothing else tells of. */
  readonly files: readonly { readonly path: string; readonly sha256: string }[]
  readonly debian?: Debian | undefined
  /** The lockfile that npm leaves. */
  readonly npm?: string | undefined
  readonly jars: readonly Jar[]
  /** References of the images that are baked into it. */
  readonly images: readonly string[]
}

/** A Debian system, and the licences of its packages by their names. */
export interface Debian {
  readonly system: OperatingSystem
  readonly packages: readonly DebianPackage[]
  readonly licences: ReadonlyMap<string, readonly string[]>
}

const OS_RELEASE = 'usr/lib/os-release'
const STATUS = 'var/lib/dpkg/status'
const DOCUMENTS = 'usr/share/doc'
const LOCKFILE = 'app/node_modules/.package-lock.json'
const JARS = 'opt/kafka/libs'
/** Where the Dockerfiles in images/ put programs that are no Debian packages. */
const PROGRAMS = ['usr/local/bin', 'usr/bin/kube']

/** All that is read of an image: paths below its root. */
export const partsOfImage: readonly string[] = [OS_RELEASE, STATUS, DOCUMENTS, LOCKFILE, JARS, ...PROGRAMS]

/** The files of an artifact that is a folder. */
export async function readFolder(folder: string): Promise<Contents> {
  const files = (await below(folder)).filter((file) => file !== join(folder, RECORD_FILE))
  const programs = await goPrograms(folder, files)
  const others = files.filter((file) => !programs.some(({ path }) => join(folder, path) === file))
  return { programs, files: await summed(folder, others), jars: [], images: [] }
}

/**
 * What lies in an image.
 *
 * @param root folder with what was copied out of it
 * @param folder of what is recorded about it
 */
export async function readImage(root: string, folder: string): Promise<Contents> {
  const programs = (await Promise.all(PROGRAMS.map((path) => below(join(root, path))))).flat()
  const jars = (await below(join(root, JARS))).filter((file) => file.endsWith('.jar'))
  return {
    programs: await goPrograms(root, programs),
    files: [],
    debian: await readDebian(root),
    npm: await textOf(join(root, LOCKFILE)),
    jars: await Promise.all(jars.map(async (file) => ({ file: basename(file), sha256: await sha256(file) }))),
    images: ((await textOf(join(folder, 'images.txt'))) ?? '')
      .split('\n')
      // The names by which the kubelet knows them; each has its digest beside it.
      .filter((line) => line !== '' && !line.startsWith('sha256:')),
  }
}

async function readDebian(root: string): Promise<Debian | undefined> {
  const [status, release] = [await textOf(join(root, STATUS)), await textOf(join(root, OS_RELEASE))]
  if (status === undefined || release === undefined) return undefined
  const field = (name: string): string => new RegExp(`^${name}="?([^"\n]*)`, 'm').exec(release)?.[1] ?? ''
  const packages = installedPackages(status)
  const licences = await Promise.all(
    packages.map(async ({ name }) => [name, await licencesOf(join(root, DOCUMENTS), name)] as const),
  )
  return { system: { id: field('ID'), version: field('VERSION_ID') }, packages, licences: new Map(licences) }
}

/** Folders of packages from one source are often links to one of them; a link that leads out of the image is none. */
async function licencesOf(documents: string, name: string): Promise<string[]> {
  const [root, file] = await Promise.all(
    [documents, join(documents, name, 'copyright')].map((path) => unlessAbsent(realpath(path))),
  )
  if (root === undefined || file?.startsWith(root + sep) !== true) return []
  return licencesOfCopyright(await readFile(file, 'utf8'))
}

async function goPrograms(root: string, files: readonly string[]): Promise<GoProgram[]> {
  const programs: GoProgram[] = []
  for (const file of files) {
    const info = await readGoBuildInfo(file)
    if (info !== undefined) programs.push({ path: relative(root, file), sha256: await sha256(file), info })
  }
  return programs
}

async function summed(root: string, files: readonly string[]): Promise<Contents['files']> {
  return Promise.all(files.map(async (file) => ({ path: relative(root, file), sha256: await sha256(file) })))
}

/** The files in a folder, or the one that a path names; none where there is nothing. */
async function below(path: string): Promise<string[]> {
  const there = await unlessAbsent(lstat(path))
  if (there?.isDirectory() !== true) return there?.isFile() === true ? [path] : []
  const entries = await readdir(path, { withFileTypes: true, recursive: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
}

const textOf = (file: string): Promise<string | undefined> => unlessAbsent(readFile(file, 'utf8'))
