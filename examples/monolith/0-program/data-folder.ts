export const dataFolder = process.env.DATA ?? "data";
