/**
 * Writes src/api/schema.ts from the API's own description, so that the dashboard can't disagree with the server:
 *
 *     npm run api -- http://127.0.0.1:8000/api/v1/openapi.json    (or the path of a file)
 *
 * It knows the part of JSON Schema that the server writes: references, objects, arrays, enumerations, `anyOf`.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

interface Schema {
  $ref?: string;
  anyOf?: Schema[];
  enum?: (string | number)[];
  type?: 'string' | 'integer' | 'number' | 'boolean' | 'null' | 'array' | 'object';
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  required?: string[];
  description?: string;
}

interface Description {
  paths: Record<string, Record<string, { requestBody?: { content: Record<string, { schema: Schema }> } }>>;
  components: { schemas: Record<string, Schema> };
}

const TARGET = fileURLToPath(new URL('../src/api/schema.ts', import.meta.url));
const HEADING = '// Written by `npm run api` from the API’s description. Change the server’s types instead.\n\n';

const [source] = process.argv.slice(2);
if (!source) throw new Error('Name the API description: npm run api -- openapi.json');
const description = await read(source);
const bodies = requestBodies(description);
const interfaces = Object.entries(description.components.schemas)
  .filter(([name]) => !name.startsWith('Page_')) // a generic type of the dashboard
  .map(([name, schema]) => interfaceOf(name, schema, bodies.has(name)));
writeFileSync(TARGET, HEADING + interfaces.join('\n'));
execFileSync(fileURLToPath(new URL('../node_modules/.bin/biome', import.meta.url)), ['check', '--write', TARGET]);
console.log(`${interfaces.length} types in src/api/schema.ts`);

async function read(from: string): Promise<Description> {
  const text = /^https?:/.test(from) ? await (await fetch(from)).text() : readFileSync(from, 'utf8');
  return JSON.parse(text) as Description;
}

/** Types that a client sends: in these alone may fields be left out; the server answers with every field. */
function requestBodies({ paths }: Description): Set<string> {
  const operations = Object.values(paths).flatMap((path) => Object.values(path));
  const schemas = operations.flatMap((operation) => Object.values(operation.requestBody?.content ?? {}));
  return new Set(schemas.map(({ schema }) => nameOf(schema.$ref ?? '')));
}

function interfaceOf(name: string, schema: Schema, isBody: boolean): string {
  const required = new Set(schema.required);
  const fields = Object.entries(schema.properties ?? {}).map(([field, type]) => {
    const isOptional = isBody && !required.has(field);
    return `${comment(type.description)}${field}${isOptional ? '?' : ''}: ${typeOf(type)};`;
  });
  return `${comment(schema.description)}export interface ${name} {\n${fields.join('\n')}\n}\n`;
}

function typeOf(schema: Schema): string {
  if (schema.$ref) return nameOf(schema.$ref);
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' | ');
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  switch (schema.type) {
    case 'array':
      return `(${typeOf(schema.items ?? {})})[]`;
    case 'object':
      return `Record<string, ${typeof schema.additionalProperties === 'object' ? typeOf(schema.additionalProperties) : 'unknown'}>`;
    case 'integer':
      return 'number';
    default:
      return schema.type ?? 'unknown';
  }
}

function nameOf(reference: string): string {
  return reference.split('/').at(-1) ?? '';
}

function comment(text: string | undefined): string {
  return text ? `/** ${text.replaceAll('*/', '* /').replace(/\s+/g, ' ')} */\n` : '';
}
