import { rm, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { LabError } from '../errors.js'
import { ownRun } from '../host/descendants.js'
import { lock } from '../host/lock.js'
import type { Tool } from '../host/requirements.js'
import { must, tryRun, type Run } from '../host/run.js'
import type { Artifact, ArtifactSource, Pending, ProvideOptions } from './artifact.js'
import { mustBeAsBuilt } from './as-built.js'
import { Lane } from './lanes.js'
import { imageRef, keyed, type KeyedRecipe, type Recipe, type RecipeStep } from './recipe.js'
import { ARTIFACT_LABEL } from './recipes/images.js'
import { ArtifactStore, remove } from './store.js'

/** An engine that does not answer by then does not answer. */
const INSPECT_MS = 30_000

/** How many builds of one artifact are kept: going back to an earlier version of the project should not cost a build. */
const KEPT = 3

/** Fills the placeholders of one word; a word may fall away. */
type Fill = (word: string) => string[]

export interface SourceBuildOptions {
  readonly recipes: readonly Recipe[]
  /** The project's images/ folder. */
  readonly images: string
  readonly cache: string
  /** Debian mirror of the host's own configuration; without it, each client's default. */
  readonly mirror: string | undefined
  readonly run?: Run
}

/** Builds artifacts on this machine from source packages, each at most once for one key. */
export class SourceBuild implements ArtifactSource {
  private readonly store: ArtifactStore
  private readonly run: Run
  private readonly lanes = { cpu: new Lane(1), io: new Lane(Math.max(2, availableParallelism())) }
  private readonly underWay = new Map<string, Promise<Artifact>>()
  private recipes: Promise<Map<string, KeyedRecipe>> | undefined

  constructor(private readonly options: SourceBuildOptions) {
    this.store = new ArtifactStore(options.cache)
    this.run = options.run ?? tryRun
  }

  async survey(
    names: readonly string[],
    { refresh = false } = {},
  ): Promise<{ pending: Pending[]; tools: Tool[] }> {
    const wanted = new Set<KeyedRecipe>()
    const visit = async (name: string): Promise<void> => {
      const recipe = await this.recipe(name)
      if (wanted.has(recipe) || (!refresh && (await this.isThere(recipe)))) return
      for (const dependency of recipe.dependsOn) await visit(dependency)
      wanted.add(recipe)
    }
    for (const name of names) await visit(name)
    return {
      pending: [...wanted].map((recipe) => ({
        name: recipe.name,
        title: recipe.title,
        log: this.store.logFile(recipe.name),
        provide: (options) => this.provide(recipe, refresh, options),
      })),
      tools: [...new Set([...wanted].flatMap(({ tools }) => tools))],
    }
  }

  async get(name: string): Promise<Artifact> {
    const recipe = await this.recipe(name)
    if (!(await this.isThere(recipe))) {
      throw new LabError(
        'artifact.absent',
        `${recipe.title} is not built yet, or not by this version of the program`,
        {
          hint: 'run deploy, which builds what is missing',
        },
      )
    }
    await mustBeAsBuilt(this.store.folder(recipe))
    return this.artifact(recipe)
  }

  private async recipe(name: string): Promise<KeyedRecipe> {
    this.recipes ??= keyed(this.options.recipes, this.options.images)
    const recipe = (await this.recipes).get(name)
    if (recipe === undefined) throw new Error(`there is no recipe for ${name}`)
    return recipe
  }

  private artifact(recipe: KeyedRecipe): Artifact {
    return {
      name: recipe.name,
      key: recipe.key,
      folder: this.store.folder(recipe),
      image: recipe.kind === 'image' ? recipe.ref : undefined,
    }
  }

  private async isThere(recipe: KeyedRecipe): Promise<boolean> {
    const record = await this.store.record(recipe)
    if (record === undefined) return false
    // The record outlives the engine's data, and a refresh that was killed has moved the reference already.
    return recipe.kind === 'files' || (await this.imageId(recipe)) === record.imageId
  }

  private async imageId({ ref }: KeyedRecipe): Promise<string | undefined> {
    try {
      const inspect = ['image', 'inspect', '--format', '{{.Id}}', ref]
      const signal = AbortSignal.timeout(INSPECT_MS)
      const { exitCode, stdout } = await this.run('docker', inspect, { signal })
      return exitCode === 0 ? stdout.trim() : undefined
    } catch (error) {
      // Where there is no engine yet, there is no image either.
      if (error instanceof LabError && error.code === 'host.lacks') return undefined
      throw error
    }
  }

  private provide(recipe: KeyedRecipe, refresh: boolean, options: ProvideOptions): Promise<Artifact> {
    let running = this.underWay.get(recipe.name)
    if (running === undefined) {
      running = this.provideOnce(recipe, refresh, options)
      this.underWay.set(recipe.name, running)
    }
    return running
  }

  private async provideOnce(
    recipe: KeyedRecipe,
    refresh: boolean,
    options: ProvideOptions,
  ): Promise<Artifact> {
    if (recipe.dependsOn.length > 0) options.onProgress(`waits for ${recipe.dependsOn.join(', ')}`)
    for (const name of recipe.dependsOn) {
      const dependency = await this.recipe(name)
      if (!refresh && !this.underWay.has(name) && (await this.isThere(dependency))) continue
      // Joins a build that is under way.
      await this.provide(dependency, refresh, { ...options, onProgress: () => undefined })
    }
    options.onProgress('waits its turn')
    return this.lanes[recipe.lane].run(async () => {
      options.signal.throwIfAborted()
      const release = await lock(this.store.lockFile(recipe), `building ${recipe.name}`, {
        signal: options.signal,
        onWaiting: (owner) => options.onProgress(`waits for ${owner}`),
      })
      try {
        // Another process may have built it while we waited.
        if (!refresh && (await this.isThere(recipe))) return this.artifact(recipe)
        const durationMs = await this.build(recipe, refresh, options)
        return { ...this.artifact(recipe), built: { durationMs } }
      } finally {
        await release()
      }
    })
  }

  /** @returns how long it took, in milliseconds */
  private async build(
    recipe: KeyedRecipe,
    refresh: boolean,
    { signal, onProgress }: ProvideOptions,
  ): Promise<number> {
    const began = Date.now()
    const log = this.store.logFile(recipe.name)
    onProgress(`log: ${log}`)
    const scratch = await this.store.scratch(recipe)
    await rm(log, { force: true })
    const fill = await this.placeholders(recipe, scratch, refresh).catch(async (error: unknown) => {
      await remove(scratch)
      throw error
    })
    try {
      await this.cleanUp(recipe, fill, log)
      for (const step of recipe.steps) await this.perform(step, fill, { signal, log })
      const imageId = recipe.kind === 'image' ? await this.imageId(recipe) : undefined
      if (recipe.kind === 'image' && imageId === undefined)
        throw new Error(`the recipe did not make ${recipe.ref}`)
      const durationMs = Date.now() - began
      await this.store.finish(recipe, scratch, {
        name: recipe.name,
        key: recipe.key,
        version: recipe.version,
        builtAt: new Date().toISOString(),
        durationMs,
        ...(imageId === undefined ? {} : { imageId }),
      })
      await this.prune(recipe)
      return durationMs
    } catch (error) {
      await remove(scratch)
      signal.throwIfAborted()
      if (!(error instanceof LabError)) throw error
      throw new LabError('artifact.build-failed', `building ${recipe.name} failed: ${error.message}`, {
        cause: error,
        ...(error.details === undefined ? {} : { details: error.details }),
        hint: `the whole output is in ${log}; what was built before is kept`,
      })
    } finally {
      await this.cleanUp(recipe, fill, log)
    }
  }

  /** Removes the oldest builds of an artifact; an image that a container still uses stays, and its record with it. */
  private async prune({ name, kind }: KeyedRecipe): Promise<void> {
    const builds = (await this.store.list()).filter((record) => record.name === name)
    const oldest = builds.toSorted((a, b) => b.builtAt.localeCompare(a.builtAt)).slice(KEPT)
    for (const record of oldest) {
      if (record.imageId !== undefined) {
        const { exitCode } = await this.run('docker', ['image', 'rm', imageRef(record)])
        if (exitCode !== 0) continue
      }
      await remove(this.store.folder(record))
    }
    if (kind === 'files') return
    // What a refresh took the name from.
    const label = `label=${ARTIFACT_LABEL}=${name}`
    await this.run('docker', ['image', 'prune', '--force', '--filter', label])
  }

  private async perform(
    step: RecipeStep,
    fill: Fill,
    { log, signal }: { log: string; signal?: AbortSignal },
  ): Promise<void> {
    const one = (text: string): string => fill(text).join('')
    const [file = '', ...args] = step.run.flatMap(fill)
    const env = Object.entries(step.env ?? {}).map(([name, value]) => [name, one(value)] as const)
    const { stdout } = await must(this.run)(file, args, {
      log,
      env: Object.fromEntries(env),
      ...(signal === undefined ? {} : { signal }),
      ...(step.input === undefined ? {} : { input: one(step.input) }),
      ...(step.cwd === undefined ? {} : { cwd: one(step.cwd) }),
    })
    if (step.stdoutTo !== undefined) await writeFile(one(step.stdoutTo), `${stdout}\n`)
  }

  private async cleanUp(recipe: KeyedRecipe, fill: Fill, log: string): Promise<void> {
    for (const step of recipe.cleanup ?? []) {
      // There may be nothing to remove.
      await this.perform(step, fill, { log }).catch(() => undefined)
    }
  }

  private async placeholders(recipe: KeyedRecipe, scratch: string, refresh: boolean): Promise<Fill> {
    const values = new Map([
      ['out', join(scratch, 'out')],
      ['scratch', scratch],
      ['images', this.options.images],
      ['ref', recipe.ref],
      ['key', recipe.key],
      ['run', await ownRun()],
    ])
    if (recipe.tools.includes('go')) {
      values.set('gomodcache', (await must(this.run)('go', ['env', 'GOMODCACHE'])).stdout.trim())
    }
    for (const name of recipe.dependsOn) {
      const { image, folder } = this.artifact(await this.recipe(name))
      await mustBeAsBuilt(folder)
      values.set(`artifact:${name}`, image ?? folder)
    }
    const { mirror } = this.options
    return (word) => {
      if (word === '{mirror}') return mirror === undefined ? [] : [mirror]
      if (word === '{no-cache}') return refresh ? ['--no-cache'] : []
      return [
        word.replace(/\{([a-z]+(?::[a-z0-9-]+)?)\}/g, (_, name: string) => {
          const value = values.get(name)
          if (value === undefined)
            throw new Error(`recipe ${recipe.name} has the unknown placeholder {${name}}`)
          return value
        }),
      ]
    }
  }
}
