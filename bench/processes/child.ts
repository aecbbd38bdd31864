/** The half of `processes.ts` that runs inside of the child: says where it listens, tells its processor time, ends with its parent. */
export function serveParent(url: string, storageUrl?: string): void {
  process.on("message", (message) => {
    if (message !== "cpu") return;
    const { user, system } = process.cpuUsage();
    process.send?.({ cpuSeconds: (user + system) / 1e6 });
  });
  process.on("disconnect", () => process.exit(0));
  process.send?.({ url, storageUrl });
}
