import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from './program.js'

/** One row of docs/seed-commands.md. */
export interface SeedCommand {
  readonly place: 'On the host' | 'In a multitool pod' | 'On a node'
  readonly command: string
  readonly state: string
  readonly shows: string
}

/** The rows of the page's tables. */
export async function seedCommands(): Promise<SeedCommand[]> {
  const text = await readFile(join(root, 'docs', 'seed-commands.md'), 'utf8')
  return text.split(/^## /m).flatMap((section) => {
    const [place = ''] = section.split('\n')
    return section.split('\n').flatMap((line) => {
      // A pipe inside a cell is written `\|`.
      const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'))
      const [, command, state, , shows] = cells
      if (!command?.startsWith('`') || state === undefined || shows === undefined) return []
      const bare = (cell: string): string => cell.replace(/^`|`$/g, '')
      return [{ place: place as SeedCommand['place'], command: bare(command), state, shows: bare(shows) }]
    })
  })
}
