// Arrows of import point down only (ARCHITECTURE.md, "The house"). CI runs this.
const room = (name) => `^packages/${name}/`;
const only = (from, allowed) => ({
  name: `${from}-imports-down`,
  severity: "error",
  from: { path: room(from) },
  to: { path: "^packages/", pathNot: [from, ...allowed].map(room) },
});
module.exports = {
  forbidden: [
    only("googlesql", []),
    only("masking", []),
    only("ledger", []),
    only("warehouse", []),
    only("gateway", ["googlesql", "masking", "ledger"]),
    {
      name: "no-circular",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "no-tests-from-code",
      severity: "error",
      from: { pathNot: "(\\.test\\.ts$|^test/|^bench/|/testing/)" },
      to: { path: "(\\.test\\.ts$|^test/|^bench/|/testing/)" },
    },
    {
      name: "pure-rooms",
      comment: "googlesql, masking and ledger know no server, no policy and no third-party package",
      severity: "error",
      from: { path: "^packages/(googlesql|masking|ledger)/src", pathNot: "(\\.test\\.ts$|/testing/)" },
      to: {
        dependencyTypes: ["npm", "npm-dev", "npm-optional", "npm-peer", "npm-no-pkg", "npm-unknown", "undetermined"],
      },
    },
    {
      name: "pure-language",
      comment: "googlesql uses nothing of Node either",
      severity: "error",
      from: { path: "^packages/googlesql/src", pathNot: "(\\.test\\.ts$|/testing/)" },
      to: { dependencyTypes: ["core"] },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default"],
      extensions: [".ts", ".js", ".mjs", ".cjs", ".json"],
    },
  },
};
