import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import ts from "typescript";

/** One import or re-export of a source file. */
export interface Import {
  /** A file relative to `src/`, or the name of a package. */
  readonly to: string;
  readonly local: boolean;
  /** Erased by TypeScript: nothing is loaded at run time. */
  readonly typeOnly: boolean;
}

const source = resolve(import.meta.dirname, "../../src");

/** Every hand-written file of `src/`, relative to it, and what it imports. */
export function readImports(): ReadonlyMap<string, readonly Import[]> {
  const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  return new Map(files.map((file) => [file, importsOf(file)]));
}

function importsOf(file: string): readonly Import[] {
  const parsed = ts.createSourceFile(file, readFileSync(join(source, file), "utf8"), ts.ScriptTarget.Latest);
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) found.push(target(file, textOf(node.moduleSpecifier), erased(node.importClause)));
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
      found.push(target(file, textOf(node.moduleSpecifier), node.isTypeOnly || allTypes(node.exportClause)));
    } else if (ts.isCallExpression(node) && isLazyLoad(node)) found.push(target(file, textOf(node.arguments[0]), true));
    ts.forEachChild(node, visit);
  };
  visit(parsed);
  return found;
}

function textOf(node: ts.Node | undefined): string {
  return (node as ts.StringLiteral).text;
}

/** `import("x")`, `require("x")` or `createRequire(import.meta.url)("x")`: loaded when asked for. */
function isLazyLoad({ expression, arguments: [argument] }: ts.CallExpression): boolean {
  if (argument === undefined || !ts.isStringLiteral(argument)) return false;
  if (expression.kind === ts.SyntaxKind.ImportKeyword) return true;
  if (ts.isIdentifier(expression)) return expression.text === "require";
  return ts.isCallExpression(expression) && (expression.expression as ts.Identifier).text === "createRequire";
}

function erased(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  return clause.isTypeOnly || (clause.name === undefined && allTypes(clause.namedBindings));
}

function allTypes(bindings: ts.NamedImportBindings | ts.NamedExportBindings | undefined): boolean {
  if (bindings === undefined || !("elements" in bindings)) return false;
  return bindings.elements.every(({ isTypeOnly }) => isTypeOnly);
}

function target(file: string, specifier: string, typeOnly: boolean): Import {
  if (!specifier.startsWith(".")) {
    const name = specifier
      .split("/")
      .slice(0, specifier.startsWith("@") ? 2 : 1)
      .join("/");
    return { to: name, local: false, typeOnly };
  }
  const path = relative(source, resolve(source, dirname(file), specifier)).replace(/\.js$/, ".ts");
  return { to: path, local: true, typeOnly };
}
