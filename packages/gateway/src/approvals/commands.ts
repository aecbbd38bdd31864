export const approvalCommands = {};
