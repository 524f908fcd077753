import type { Outcome } from '../checks/check.js'
import type { Declared } from '../observe/model/declared.js'
import type { LabFacts } from '../observe/model/lab.js'
import type { Subject } from '../report/model.js'
import type { Stage } from './stage.js'

/** What a scenario is chosen from. */
export interface Ground {
  readonly lab: LabFacts
  readonly declared: Declared
  /** Whether the nodes are containers of this machine. */
  readonly ownNodes: boolean
}

/** Why a scenario does not apply. */
export interface NotHere {
  readonly notHere: string
}

/** A disruption, and what has to come of it. */
export interface ScenarioDefinition<Item, Seen> {
  /** As people name it: `pod-deleted`. */
  readonly name: string
  /** What is claimed, as a sentence. */
  readonly title: string
  /** The exercise it answers: document and section. */
  readonly answers: string
  /** What it does to the cluster, as people read it before they say yes. */
  readonly disrupts: string
  /** The likeliest causes of a failure, and what to look at next. */
  readonly hint: string
  /** What it is done to: one thing of what is declared. */
  readonly choose: (ground: Ground) => Item | NotHere
  readonly subject: (item: Item) => Subject
  /** Does it and watches. Whatever it changes it has `stage.undo` take back. */
  readonly act: (item: Item, stage: Stage) => Promise<Seen>
  /** Pure: from what was seen to a verdict. */
  readonly judge: (item: Item, seen: Seen) => Pick<Outcome, 'verdict' | 'expected' | 'observed' | 'hint'>
}

/** A scenario, whatever it is done to. */
export interface Scenario extends Pick<
  ScenarioDefinition<never, never>,
  'name' | 'title' | 'answers' | 'disrupts' | 'hint'
> {
  readonly prepare: (ground: Ground) => Prepared | NotHere
}

/** A scenario that applies: what it is done to is chosen. */
export interface Prepared {
  readonly subject: Subject
  readonly run: (stage: Stage) => Promise<Pick<Outcome, 'verdict' | 'expected' | 'observed' | 'hint'>>
}

export function defineScenario<Item extends object, Seen>(
  definition: ScenarioDefinition<Item, Seen>,
): Scenario {
  const { choose, subject, act, judge, ...about } = definition
  return {
    ...about,
    prepare: (ground) => {
      const item = choose(ground)
      if ('notHere' in item) return item
      return {
        subject: subject(item),
        run: async (stage) => judge(item, await act(item, stage)),
      }
    },
  }
}
