// Checks objects against the API of the Kubernetes version that the JavaScript client was generated from: unknown
// fields, missing ones, values of another type. Objects of other groups' kinds are left out.
// Usage: node schema_check.mjs DIRECTORY <objects.json      DIRECTORY has node_modules/@kubernetes/client-node
import { readFileSync, existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const models = `${process.argv[2]}/node_modules/@kubernetes/client-node/dist/gen/models`;
const groups = /^(v1|apps\/v1|networking\.k8s\.io\/v1|policy\/v1|rbac\.authorization\.k8s\.io\/v1)$/;

// The fields of a type: what each holds, and whether it may be left out.
async function fields(type) {
  const { [type]: model } = await import(pathToFileURL(`${models}/${type}.js`));
  const declared = readFileSync(`${models}/${type}.d.ts`, 'utf8');
  return new Map(model.attributeTypeMap.map((field) =>
    [field.baseName, { type: field.type, required: declared.includes(`'${field.name}': `) }]));
}

async function* breaches(value, type, path) {
  const list = /^(?:Array|Set)<(.*)>$/.exec(type);
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type);
  if (type === 'any' || type === 'object') return;
  if (type === 'IntOrString') {
    if (!['number', 'string'].includes(typeof value)) yield `${path}: a number or a string is expected`;
  } else if (list) {
    if (!Array.isArray(value)) yield `${path}: a list is expected`;
    else for (const [index, item] of value.entries()) yield* breaches(item, list[1], `${path}[${index}]`);
  } else if (typeof value !== 'object' || value === null) {
    if (typeof value !== (type === 'Date' ? 'string' : type)) yield `${path}: ${type} is expected`;
  } else if (map) {
    for (const [key, item] of Object.entries(value)) yield* breaches(item, map[1], `${path}.${key}`);
  } else if (Array.isArray(value) || !existsSync(`${models}/${type}.js`)) {
    yield `${path}: ${type} is expected`;
  } else {
    const known = await fields(type);
    for (const [key, { required }] of known) if (required && !(key in value)) yield `${path}.${key}: is missing`;
    for (const [key, item] of Object.entries(value)) {
      if (known.has(key)) yield* breaches(item, known.get(key).type, `${path}.${key}`);
      else yield `${path}.${key}: no such field`;
    }
  }
}

const declared = readFileSync(`${models}/V1Pod.d.ts`, 'utf8');
console.log(/OpenAPI spec version: release-(.*)/.exec(declared)[1]);
let checked = 0;
for (const object of JSON.parse(readFileSync(0, 'utf8'))) {
  if (!groups.test(object.apiVersion)) continue;
  checked += 1;
  for await (const breach of breaches(object, `V1${object.kind}`, object.kind)) {
    console.log(breach);
    process.exitCode = 1;
  }
}
console.log(`${checked} objects`);
