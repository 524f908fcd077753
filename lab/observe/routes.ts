import type { Route } from './model/calico.js'

/** Prints the routes of a node, those of IPv4 on the first line and those of IPv6 on the second. */
export const ROUTES = 'ip -j -4 route; ip -j -6 route'

/** The routes that `ip -j route` prints, of either family. It prints an empty list as `[ ]`, or as nothing. */
export function parseRoutes(output: string): Route[] {
  const lists = output.split('\n').filter((line) => line.trim() !== '')
  return lists
    .flatMap((line) => JSON.parse(line) as (Route & { readonly type?: string })[])
    .map(({ dst, gateway, dev, type, prefsrc }) => ({
      dst,
      ...(gateway === undefined ? {} : { gateway }),
      ...(dev === undefined ? {} : { dev }),
      ...(type === undefined ? {} : { type }),
      ...(prefsrc === undefined ? {} : { prefsrc }),
    }))
}
