/** The nodes of a YAML document as JSON values. What JSON cannot hold, or holds only by accident, is refused. */
import { isAlias, isMap, isScalar, isSeq, type Document, type Pair, type YAMLMap } from 'yaml';
import { ERRORS, type ErrorCode, type Json, type Place } from '@noetl/protocol';
import type { Diagnostic } from '../document.ts';
import { pathText, type Path } from './place.ts';

export const DEPTH_MAX = 64;
const ALIASES_MAX = 20;
/** Values and characters once every alias stands for what it names. */
const EXPANDED_MAX = 4 * 1024 * 1024;
const FINDINGS_MAX = 20;

/** Keys that reach into the prototypes of JavaScript objects. */
export const FORBIDDEN_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

interface Reading {
  value: Json;
  faults: Diagnostic[];
  warnings: Diagnostic[];
}

export function valueOf(document: Document, at: (offset: number) => Place): Reading {
  const reader = new Reader(at);
  const value = reader.read(document.contents, []);
  return { value, faults: reader.faults, warnings: reader.warnings };
}

interface Anchored {
  node: unknown;
  uses: number;
}

class Reader {
  readonly faults: Diagnostic[] = [];
  readonly warnings: Diagnostic[] = [];
  readonly #at: (offset: number) => Place;
  readonly #anchors = new Map<string, Anchored>();
  #expanded = 0;
  #full = false;

  constructor(at: (offset: number) => Place) {
    this.#at = at;
  }

  read(node: unknown, path: Path): Json {
    if (this.#full) return null;
    this.#expanded += 1;
    if (path.length > DEPTH_MAX)
      return this.#stop(node, path, `the playbook nests deeper than ${String(DEPTH_MAX)} levels`);
    if (this.#expanded > EXPANDED_MAX)
      return this.#stop(node, path, 'the playbook is larger than 4 MiB once its aliases are written out');
    if (isAlias(node)) return this.#alias(node.source, node, path);
    const value = this.#plain(node, path);
    // Only now: an alias within its own anchor would have no end.
    const anchor = (node as { anchor?: string } | null)?.anchor;
    if (anchor !== undefined) this.#anchors.set(anchor, { node, uses: 0 });
    return value;
  }

  #plain(node: unknown, path: Path): Json {
    if (isMap(node)) return this.#mapping(node, path);
    if (isSeq(node)) return node.items.map((item, index) => this.read(item, [...path, index]));
    return isScalar(node) ? this.#scalar(node.value, node, path) : null;
  }

  #alias(name: string, node: unknown, path: Path): Json {
    const anchored = this.#anchors.get(name);
    if (!anchored) {
      this.#fault('YAML_SYNTAX', node, path, `the alias *${name} stands before its anchor, or within it`);
      return null;
    }
    anchored.uses += 1;
    if (anchored.uses > ALIASES_MAX)
      return this.#stop(node, path, `the anchor &${name} is used more than ${String(ALIASES_MAX)} times`);
    return this.#plain(anchored.node, path);
  }

  #mapping(node: YAMLMap, path: Path): Json {
    const result: Record<string, Json> = {};
    for (const pair of node.items) {
      const key = this.#key(pair, path);
      if (key === undefined) continue;
      if (Object.hasOwn(result, key)) {
        this.#warn('KEY_REPEATED', pair.key, [...path, key], `the key "${key}" stands twice here; the last one counts`);
      }
      this.#expanded += key.length;
      result[key] = this.read(pair.value, [...path, key]);
    }
    return result;
  }

  #key({ key, value }: Pair, path: Path): string | undefined {
    if (key !== null && !isScalar(key)) {
      // `{{ x }}` without quotes is a mapping whose key is a mapping.
      const template = isMap(key) && value === null;
      this.#fault(
        'YAML_SYNTAX',
        key,
        path,
        template ? 'a template stands here without quotes' : 'a key must be text, not a mapping or a list',
        template ? 'Put it in quotes: "{{ … }}".' : undefined,
      );
      return undefined;
    }
    const name = String(key?.value ?? '');
    if (!FORBIDDEN_NAMES.has(name)) return name;
    this.#fault('KEY_FORBIDDEN', key, [...path, name], `the key "${name}" is not allowed`);
    return undefined;
  }

  /** Whole numbers beyond 2^53 stay exact as text. */
  #scalar(value: unknown, node: unknown, path: Path): Json {
    if (typeof value === 'bigint') {
      const number = Number(value);
      return Number.isSafeInteger(number) ? number : value.toString();
    }
    if (typeof value === 'number' && !Number.isFinite(value)) {
      const hint = 'Put it in quotes to keep it as text.';
      this.#fault('YAML_SYNTAX', node, path, `${String(value)} is not a number that JSON can hold`, hint);
      return null;
    }
    if (typeof value === 'string') this.#expanded += value.length;
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
  }

  #stop(node: unknown, path: Path, message: string): null {
    this.#fault('YAML_LIMIT', node, path, message);
    this.#full = true;
    return null;
  }

  #fault(code: ErrorCode, node: unknown, path: Path, message: string, hint?: string): void {
    this.faults.push({ code, message, hint: hint ?? ERRORS[code].hint, place: this.#place(node, path) });
    this.#full ||= this.faults.length >= FINDINGS_MAX;
  }

  #warn(code: string, node: unknown, path: Path, message: string): void {
    if (this.warnings.length >= FINDINGS_MAX) return;
    this.warnings.push({ code, message, hint: 'Remove one of them.', place: this.#place(node, path) });
  }

  #place(node: unknown, path: Path): Place {
    const range = (node as { range?: [number, number, number] | null } | null)?.range;
    return { path: pathText(path), ...(range && this.#at(range[0])) };
  }
}
