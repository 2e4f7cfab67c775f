/** Values by key; a key may hold another such object. */
export interface Section {
  readonly [key: string]: unknown;
}

/** By name of a service, and `shared`, which all of them see. */
export interface Sections {
  readonly [section: string]: Section;
}

/** What was said, before anybody checked it. */
export interface ConfigSource {
  /** For people: `file shop.yaml`, `environment`. */
  readonly name: string;
  /** Whether its values are texts, which are read as JSON where the schema does not take them as they are. */
  readonly text: boolean;
  readonly sections: Sections;
  /**
   * Where this source says a key, or would say it: `environment HAWSER_CONFIG_ORDERS__MAX_LINES`. Undefined where it has
   * no way to say it.
   *
   * @param path the section, then the key, then the keys inside it
   */
  where(path: readonly string[]): string | undefined;
}

/** Values that are in the program already: of a test, or of whatever else can make an object. */
export function valueSource(name: string, sections: Sections): ConfigSource {
  return { name, text: false, sections, where: () => name };
}
