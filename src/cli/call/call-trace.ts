import type { Instance, Metadata, Method, Middleware } from "../../contract/contract.js";
import { printable } from "../paint.js";
import type { Terminal } from "../terminal.js";
import { metadataEntries } from "./metadata.js";

/** Tells on stderr what happens on the way of one call, where the person wants to know. */
export class CallTrace {
  readonly #terminal: Terminal;
  readonly #verbose: boolean;
  #instance: Instance | undefined;

  constructor(terminal: Terminal, verbose: boolean) {
    this.#terminal = terminal;
    this.#verbose = verbose;
  }

  /** Around each attempt: sees whom it goes to. */
  readonly attempt: Middleware = (next) => (call) => {
    this.#instance = call.instance;
    return next(call);
  };

  sending(method: Method, metadata: Metadata): void {
    this.#tell(`> ${method.fullName}`, { method: method.fullName });
    this.#metadata(">", "metadata", metadata);
  }

  /** The instance of the last attempt has answered, well or not. */
  answered(): void {
    if (this.#instance === undefined) return;
    const { id, service, endpoints } = this.#instance;
    const name = service === "" ? "" : `${id} at `; // an address has no name
    this.#tell(`< ${name}${endpoints.join(", ")}`, { ...(service === "" ? {} : { instance: id }), endpoints });
    this.#instance = undefined;
  }

  header(metadata: Metadata): void {
    this.answered();
    this.#metadata("< header", "header", metadata);
  }

  trailer(metadata: Metadata): void {
    this.#metadata("< trailer", "trailer", metadata);
  }

  #metadata(prefix: string, name: string, metadata: Metadata): void {
    for (const [key, value] of metadataEntries(metadata)) {
      this.#tell(`${prefix} ${key}: ${value}`, { [name]: { [key]: value } });
    }
  }

  #tell(line: string, object: object): void {
    if (this.#verbose) void this.#terminal.note(this.#terminal.json ? JSON.stringify(object) : printable(line));
  }
}
