import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { debianMirror, readAptSources } from '../host/debian.js'
import { cacheDir, imagesDir } from '../host/paths.js'
import type { ArtifactSource } from './artifact.js'
import { goRecipes } from './recipes/go.js'
import { imageRecipes, type SystemImage } from './recipes/images.js'
import { SourceBuild } from './source-build.js'

/** Where this host gets its artifacts from: built here, from source packages. */
export async function defaultSource(images = imagesDir()): Promise<ArtifactSource> {
  const systemImages = JSON.parse(
    await readFile(join(images, 'system', 'images.json'), 'utf8'),
  ) as SystemImage[]
  return new SourceBuild({
    recipes: [...goRecipes({ kernelHasModules: existsSync('/proc/modules') }), ...imageRecipes(systemImages)],
    images,
    cache: cacheDir(),
    // The mirror of the host's own release also carries the others.
    mirror: debianMirror(await readAptSources())?.uri,
  })
}
