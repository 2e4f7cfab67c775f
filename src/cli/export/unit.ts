/** Sections of a unit file of systemd, each with its settings, in order; a setting may be there more than once. */
export type Unit = readonly (readonly [
  section: string,
  settings: readonly (readonly [name: string, value: string])[],
])[];

/** @param notes comments, a line each */
export function unitText(notes: readonly string[], unit: Unit): string {
  const sections = unit.map(([section, settings]) =>
    [`[${section}]`, ...settings.map(([name, value]) => `${name}=${value}`)].join("\n"),
  );
  return `${[notes.map((note) => `# ${note}`).join("\n"), ...sections].join("\n\n")}\n`;
}

/** A word of a command line: `%` and `$` mean nothing special. Source: systemd.service(5), "Command lines". */
export function commandWord(word: string): string {
  const plain = specifierFree(word).replaceAll("$", "$$$$");
  return /^[\w./:=@%$-]+$/.test(plain) ? plain : `"${plain.replace(/["\\]/g, "\\$&")}"`;
}

/** A value that may hold spaces and quotes. Source: systemd.syntax(7), "Quoting". */
export function settingWord(text: string): string {
  return `"${specifierFree(text).replace(/["\\]/g, "\\$&")}"`;
}

/**
 * An absolute path on the machine that runs the unit.
 *
 * @throws TypeError for one that systemd could not take
 */
export function unitPath(option: string, path: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a line break would begin another setting
  if (path.startsWith("/") && !/[\u0000-\u001f"'\\$]/.test(path)) return path;
  throw new TypeError(
    `${option}: expected an absolute path without quotes, backslashes and "$", was ${JSON.stringify(path)}`,
  );
}

/** `%` begins a specifier, but for `%%`. */
export function specifierFree(text: string): string {
  return text.replaceAll("%", "%%");
}
