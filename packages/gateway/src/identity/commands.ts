export const agentCommands = {};
