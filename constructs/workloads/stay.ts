/**
 * Stays until it is told to end, for any POSIX sh. As process 1 a plain `sleep` would ignore SIGTERM and be
 * killed only after the grace period.
 */
export const STAY = `trap 'exit 0' TERM INT
while :; do
  sleep 3600 &
  wait $!
done
`
