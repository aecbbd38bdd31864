/** Milliseconds of processor time this process has had: what a busy machine makes others wait for doesn't count. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
