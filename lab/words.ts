/** `12.3 s`, or `4 min 05 s`. */
export function seconds(ms: number): string {
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`
  const whole = Math.round(ms / 1000)
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`
}

/** How long ago a time was: `12 s ago`, `3 min ago`, `5 h ago`, `2 days ago`. */
export function ago(time: string, now = Date.now()): string {
  const past = Math.max(0, Math.round((now - Date.parse(time)) / 1000))
  if (past < 60) return `${past} s ago`
  if (past < 3600) return `${Math.floor(past / 60)} min ago`
  return past < 172_800 ? `${Math.floor(past / 3600)} h ago` : `${Math.floor(past / 86_400)} days ago`
}
