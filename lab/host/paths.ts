import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where artifacts, engine log and build logs are kept: `$XDG_CACHE_HOME/headless-lab`, else `~/.cache/headless-lab`. */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  const base = env['XDG_CACHE_HOME']
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'headless-lab')
}

/** State of one lab: `.lab/<name>` below the working directory. */
export function stateDir(name: string, cwd = process.cwd()): string {
  return resolve(cwd, '.lab', name)
}

/** The project's images/ folder, found from the compiled program (build/lab/host/). */
export function imagesDir(): string {
  return join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'images')
}
