/** Bytes that a lab takes, measured. */
export const space = {
  /** Artifacts in the cache folder, while they are built. */
  cache: 3e9,
  /** Go's own caches in the home folder, where it builds. */
  goCaches: 9e9,
  /** In the engine's data, images while they are built. */
  engineToBuild: 8e9,
  /** In the engine's data, a node: its images, unpacked once more, and the volumes of its pods. */
  engineOfNode: 3.5e9,
  /** The lab's state. */
  state: 20e6,
} as const
