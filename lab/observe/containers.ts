import type { ContainerSeen } from './model/observations.js'

/** Containers in `containerlab inspect --format json` (version 0.60). */
export function parseContainerlab(output: string): ContainerSeen[] {
  // With nothing to list it prints a line of its log instead of JSON.
  if (!output.trimStart().startsWith('{')) {
    if (/no containers found/.test(output) || output.trim() === '') return []
    throw new Error(`containerlab printed no JSON: ${output.trim().slice(0, 120)}`)
  }
  const { containers } = JSON.parse(output) as {
    containers?: { name?: string; state?: string; kind?: string }[]
  }
  return (containers ?? []).map(({ name = '', state = '', kind = '' }) => ({ name, state, kind }))
}

/** Containers in `docker ps --format '{{json .}}'`: one object a line. */
export function parseDockerPs(output: string): ContainerSeen[] {
  return output
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const { Names = '', State = '' } = JSON.parse(line) as { Names?: string; State?: string }
      return { name: Names, state: State }
    })
}
