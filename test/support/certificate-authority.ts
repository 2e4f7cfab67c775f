import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** Paths of PEM files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Signs certificates, expired ones too, in a temporary folder of its own. For what a checked-in one cannot be. */
export class CertificateAuthority {
  /** Path of a PEM file. */
  readonly ca: string;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.ca = join(folder, "ca.pem");
  }

  static async make(): Promise<CertificateAuthority> {
    const folder = await mkdtemp(join(tmpdir(), "hawser-ca-"));
    await writeFile(join(folder, "index"), "");
    await writeFile(join(folder, "serial"), "01");
    const authority = new CertificateAuthority(folder);
    const extensions = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"];
    await authority.#openssl(
      ...["req", "-x509", ...newKey, "-subj", "/CN=ca", "-keyout", "ca.key", "-out", "ca.pem"],
      ...extensions.flatMap((extension) => ["-addext", extension]),
    );
    return authority;
  }

  /**
   * For a server and a client alike.
   *
   * @param name as in the names of its files
   * @param options.san Default: `IP:127.0.0.1`
   * @param options.expired Default: false
   */
  async sign(name: string, options: { readonly san?: string; readonly expired?: boolean } = {}): Promise<Certificate> {
    const { san = "IP:127.0.0.1", expired = false } = options;
    await writeFile(
      join(this.#folder, `${name}.cnf`),
      `[ca]\ndefault_ca=this\n[this]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=any\n` +
        `x509_extensions=leaf\n[any]\ncommonName=supplied\n[leaf]\nbasicConstraints=CA:FALSE\n` +
        `extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=${san}\n`,
    );
    const files = ["-keyout", `${name}.key`, "-out", `${name}.csr`];
    await this.#openssl("req", ...newKey, "-subj", `/CN=${name}`, ...files);
    const valid = ["-startdate", "20200101000000Z", "-enddate", expired ? "20210101000000Z" : "20990101000000Z"];
    const signing = ["-config", `${name}.cnf`, "-cert", "ca.pem", "-keyfile", "ca.key"];
    await this.#openssl("ca", "-batch", "-notext", ...signing, "-in", `${name}.csr`, "-out", `${name}.pem`, ...valid);
    return { cert: join(this.#folder, `${name}.pem`), key: join(this.#folder, `${name}.key`) };
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #openssl(...args: readonly string[]): Promise<void> {
    await run("openssl", [...args], { cwd: this.#folder });
  }
}
