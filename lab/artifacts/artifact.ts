import type { Tool } from '../host/requirements.js'

/** Something the pipeline needs before it can make a lab: files in the cache, or an image in the engine. */
export interface Artifact {
  readonly name: string
  /** Says what it was made from: equal keys, equal artifact. */
  readonly key: string
  /** Folder of its files; for an image, of what is recorded about it. */
  readonly folder: string
  /** Reference of the image in the engine; `undefined` for files. */
  readonly image: string | undefined
  /** How long it took to build, waiting left out; `undefined` when this run did not build it. */
  readonly built?: { readonly durationMs: number }
}

/** What an artifact's provision tells while it runs. */
export interface ProvideOptions {
  readonly signal: AbortSignal
  /** The one line that says what is going on. */
  readonly onProgress: (line: string) => void
}

/** One artifact that still has to be provided. */
export interface Pending {
  readonly name: string
  /** What it makes, as people read it. */
  readonly title: string
  /** Log file of how it is provided. */
  readonly log: string
  /** Starts it, or joins it when it is under way already. */
  provide(options: ProvideOptions): Promise<Artifact>
}

/**
 * A place artifacts come from: built here from source packages, pulled from a registry, taken out of a
 * bundle. The pipeline asks for artifacts by name and does not know how they are made.
 */
export interface ArtifactSource {
  /** What has to be provided before `names` are all there, in an order that can be followed; and the tools it takes. */
  survey(
    names: readonly string[],
    options?: { refresh?: boolean },
  ): Promise<{ pending: Pending[]; tools: Tool[] }>
  /**
   * An artifact that is there, and as it was made.
   *
   * @throws LabError `artifact.absent` when it is not there, `artifact.changed` when its files have changed since
   */
  get(name: string): Promise<Artifact>
}
