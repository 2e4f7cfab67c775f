import { CommanderError } from "commander";
import { ConfigError } from "../config/config.js";
import { codeName, RpcError } from "../errors/errors.js";
import { detailJson } from "./error-details.js";
import { printable } from "./paint.js";

/** The command line asks for something that cannot be; nothing was done. */
export class UsageError extends Error {}

/** The app cannot run as it is written or configured: to start it again does not help. */
export class AppError extends Error {}

/** What an app's own code does went wrong: another start may go well. */
export class AppFailure extends Error {}

export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  /** EX_CONFIG of sysexits.h, the supervisor's `doNotRestart`. */
  app: 78,
  /** As shells say of a program that SIGINT ended. */
  interrupted: 130,
} as const;

export function isUsage(reason: unknown): boolean {
  return reason instanceof UsageError || reason instanceof CommanderError;
}

export function exitCodeOf(reason: unknown): number {
  if (isUsage(reason)) return exitCodes.usage;
  return reason instanceof AppError || reason instanceof ConfigError ? exitCodes.app : exitCodes.failure;
}

/**
 * On one line: `NOT_FOUND: no order 17`, with its details behind it; `hawser: …` where no service said it. Of an app that cannot
 * run, a line for each thing that is wrong with it.
 */
export function failureLine(reason: unknown): string {
  if (!(reason instanceof RpcError)) {
    const lines = exitCodeOf(reason) === exitCodes.app ? messageOf(reason).split("\n") : [messageOf(reason)];
    return lines.map((line) => `hawser: ${printable(line)}`).join("\n");
  }
  const details = reason.details.map((detail) => {
    const { "@type": type, ...fields } = detailJson(detail);
    return ` [${type} ${JSON.stringify(fields)}]`;
  });
  return printable(reason.toString() + details.join(""));
}

/** The same for programs. */
export function failureJson(reason: unknown): object {
  if (!(reason instanceof RpcError)) {
    return { code: isUsage(reason) ? "USAGE" : "FAILED", message: messageOf(reason) };
  }
  return { code: codeName(reason.code), message: reason.message, details: reason.details.map(detailJson) };
}

function messageOf(reason: unknown): string {
  const message = reason instanceof Error ? reason.message : String(reason);
  if (!(reason instanceof CommanderError)) return message;
  const sentence = message
    .replace(/^error: /, "")
    .replaceAll("\n", " ")
    .replace(/\.$/, ""); // a suggestion has a line of its own
  return `${sentence}; try: hawser --help`;
}
