import type { WriteStream } from "node:tty";

const width = 40;
const redrawMs = 50;

/** How far it is: a line that is drawn anew on a terminal, elsewhere one line every 10 %. */
export class Progress {
  readonly #total: number;
  readonly #out: WriteStream;
  readonly #startedMs = performance.now();
  #done = 0;
  #drawnMs = Number.NEGATIVE_INFINITY;
  #tenths = 0;

  constructor(total: number, out: WriteStream = process.stderr) {
    this.#total = total;
    this.#out = out;
  }

  step(): void {
    this.#done++;
    if (!this.#out.isTTY) this.#tenth();
    else if (this.#done === this.#total || performance.now() - this.#drawnMs >= redrawMs) this.#draw();
  }

  /** Says something between two steps. */
  note(text: string): void {
    this.#out.write(this.#out.isTTY ? `\r\x1b[K${text}\n` : `${text}\n`);
    if (this.#out.isTTY) this.#draw();
  }

  /** Nothing more comes. */
  end(): void {
    if (this.#out.isTTY) this.#out.write("\n");
  }

  #draw(): void {
    this.#drawnMs = performance.now();
    const filled = Math.floor((width * this.#done) / this.#total);
    this.#out.write(`\r\x1b[K[${"#".repeat(filled)}${"-".repeat(width - filled)}] ${this.#told()}`);
  }

  #tenth(): void {
    const tenths = Math.floor((10 * this.#done) / this.#total);
    if (tenths === this.#tenths) return;
    this.#tenths = tenths;
    this.#out.write(`${String(tenths * 10).padStart(3)} %  ${this.#told()}\n`);
  }

  #told(): string {
    const perSecond = Math.round((1000 * this.#done) / (performance.now() - this.#startedMs));
    return `${this.#done}/${this.#total} calls, ${perSecond}/s`;
  }
}
