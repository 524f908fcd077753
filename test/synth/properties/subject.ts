import { App, Chart } from 'cdk8s'
import fc from 'fast-check'
import { synth, type Manifest } from '../objects.js'

/** Properties of a construct that one value makes wrong, and a word that the error has for it. */
export interface Broken {
  readonly says: string
  readonly props: unknown
}

/** One construct: properties it takes, properties it refuses, and the objects it makes of them. */
export interface Subject {
  readonly name: string
  readonly valid: fc.Arbitrary<unknown>
  readonly broken: fc.Arbitrary<Broken>
  /** The objects, with `namespace` as that of the chart; throws what synthesis throws. */
  readonly synth: (props: unknown, namespace: string) => Manifest[]
}

/** A way to make properties wrong: what the error says, random values, and where they go. */
export type Break<P> = readonly [
  says: string,
  value: fc.Arbitrary<unknown>,
  put: (props: P, value: never) => object,
]

/** The construct under test is the one of this name in a chart `in`: its path is `in/it`. */
export const ID = 'it'
export const PATH = `in/${ID}`

/** A construct that stands in a chart. */
export function subject<P extends object>(
  name: string,
  props: fc.Arbitrary<P>,
  build: (chart: Chart, props: P) => unknown,
  breaks: readonly Break<P>[],
): Subject {
  return {
    name,
    valid: props,
    broken: fc.oneof(
      ...breaks.map(([says, value, put]) =>
        fc.tuple(props, value).map(([right, wrong]) => ({ says, props: put(right, wrong as never) })),
      ),
    ),
    synth(values, namespace) {
      const chart = new Chart(new App(), 'in', { namespace })
      build(chart, values as P)
      return synth(chart)
    },
  }
}

/** The break of one property, which the error calls by its name unless told otherwise. */
export function wrong(key: string, value: fc.Arbitrary<unknown>, says = key): Break<object> {
  return [says, value, (props, bad) => ({ ...props, [key]: bad })]
}

/** Properties without some of them. */
export function without<P extends object, K extends keyof P & string>(props: P, ...keys: K[]): Omit<P, K> {
  const rest = Object.entries(props).filter(([key]) => !(keys as string[]).includes(key))
  return Object.fromEntries(rest) as Omit<P, K>
}
