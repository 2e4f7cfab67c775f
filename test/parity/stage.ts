interface Open {
  close(): Promise<void>;
}

/** What is open and will be closed, the last of it first. */
export class Stage {
  readonly #open: Open[] = [];

  use<T extends Open>(each: T): T {
    this.#open.push(each);
    return each;
  }

  async close(): Promise<void> {
    for (const each of this.#open.splice(0).reverse()) await each.close();
  }
}
