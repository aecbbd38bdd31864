export const sessionCommands = {};
