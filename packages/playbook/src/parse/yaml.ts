/** YAML or JSON text to plain values, with the place of everything. YAML 1.2 core schema, bounded in every way. */
import { Composer, Lexer, LineCounter, Parser, type CST, type Document } from 'yaml';
import { NoetlError, type Json, type Place } from '@noetl/protocol';
import type { Diagnostic } from '../document.ts';
import { newlinesLost, PlaybookError } from './faults.ts';
import { placeOf, type Path } from './place.ts';
import { DEPTH_MAX, valueOf } from './value.ts';

/** The parsed text: its value, and where each part of it stands. */
export interface Source {
  value: Json;
  /** Place of a part; of its nearest parent when the part itself is missing. */
  place(path: Path): Place;
  /** What the text itself gives reason to remark: repeated keys, tags without a meaning. */
  warnings: Diagnostic[];
}

const BYTES_MAX = 1024 * 1024;
/** Words and signs of the text; composing is linear in them, at some microseconds each. */
const TOKENS_MAX = 200_000;
/** Composing goes on after an error, and most of what it then finds follows from the first few. */
const ERRORS_MAX = 5;

/** Throws {@link PlaybookError} of YAML_SYNTAX, YAML_LIMIT, YAML_NEWLINES_LOST or KEY_FORBIDDEN. */
export function readSource(text: string): Source {
  if (text.length > BYTES_MAX || new TextEncoder().encode(text).length > BYTES_MAX)
    throw refused(new NoetlError('YAML_LIMIT', 'the playbook is larger than 1 MiB'));
  if (newlinesLost(text))
    throw refused(
      new NoetlError(
        'YAML_NEWLINES_LOST',
        'the playbook arrived as one line: its newlines were stripped on the way',
      ),
    );
  const lines = new LineCounter();
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const document = compose(text, lines, at);
  const errors = document.errors.slice(0, ERRORS_MAX).map(({ message, pos }) => fault(message, at(pos[0])));
  if (errors.length > 0) throw new PlaybookError(errors);
  const { value, faults, warnings } = valueOf(document, at);
  if (faults.length > 0) throw new PlaybookError(faults);
  for (const { message, pos } of document.warnings.slice(0, ERRORS_MAX)) {
    const hint = 'Leave the tag out; values are read as YAML 1.2 reads them.';
    warnings.push({ code: 'YAML_TAG', message, hint, place: at(pos[0]) });
  }
  return { value, warnings, place: (path) => placeOf(document, lines, path) };
}

function fault(message: string, place: Place): Diagnostic {
  const { hint } = new NoetlError('YAML_SYNTAX', message);
  return { code: 'YAML_SYNTAX', message, hint, place };
}

function refused({ code, message, hint }: NoetlError, place: Place = {}): PlaybookError {
  return new PlaybookError([{ code, message, hint, place }]);
}

function compose(text: string, lines: LineCounter, at: (offset: number) => Place): Document.Parsed {
  const composer = new Composer({
    intAsBigInt: true,
    // Compares every key with every other one; ours look in a set.
    uniqueKeys: false,
    schema: 'core',
    version: '1.2',
  });
  let first: Document.Parsed | undefined;
  for (const document of composer.compose(tokens(text, lines, at), true, text.length)) {
    if (first) {
      const place = at(document.range[0]);
      throw refused(new NoetlError('YAML_SYNTAX', 'a second document starts here; send them one by one'), place);
    }
    first = document;
  }
  return first as Document.Parsed;
}

/**
 * The tokens of the text, as long as they are few and not nested deeply. Composing them recurses: it must never see
 * a text that could use up the stack, which ends the process instead of throwing.
 */
function* tokens(text: string, lines: LineCounter, at: (offset: number) => Place): Generator<CST.Token> {
  lines.addNewLine(0);
  const parser = new Parser(lines.addNewLine);
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    count += 1;
    if (count > TOKENS_MAX)
      throw refused(new NoetlError('YAML_LIMIT', `the playbook has more than ${String(TOKENS_MAX)} words and signs`));
    yield* parser.next(lexeme);
    // The document and a scalar stand on the stack too.
    if (parser.stack.length > DEPTH_MAX + 2) {
      const message = `the playbook nests deeper than ${String(DEPTH_MAX)} levels`;
      throw refused(new NoetlError('YAML_LIMIT', message), at(parser.offset));
    }
  }
  yield* parser.end();
}
