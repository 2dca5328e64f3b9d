// Patterns of the conformance vectors: JSON with matchers. See ../../vectors/README.md.

export class MismatchError extends Error {}

const PLACEHOLDER = /\$\{([a-z_]+)\}/g;

/** Return `value` with each `${name}` replaced; a string that is nothing else becomes the captured value. */
export function substitute(value, captures) {
  if (typeof value === "string") {
    const whole = /^\$\{([a-z_]+)\}$/.exec(value);
    if (whole) return captured(whole[1], captures);
    return value.replace(PLACEHOLDER, (_, name) => String(captured(name, captures)));
  }
  if (Array.isArray(value)) return value.map((item) => substitute(item, captures));
  if (typeOf(value) === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, substitute(item, captures)]));
  }
  return value;
}

function captured(name, captures) {
  if (!(name in captures)) throw new Error(`nothing was captured as ${name}`);
  return captures[name];
}

/** Check `value` against `pattern`; throws MismatchError, which says where and why. */
export function match(pattern, value, captures, where = "$") {
  const type = typeOf(pattern);
  if (type === "object") {
    if (Object.keys(pattern).some((key) => key.startsWith("$"))) {
      for (const [name, argument] of Object.entries(pattern)) matcher(name)(argument, value, captures, where);
    } else {
      require(typeOf(value) === "object", where, "an object", value);
      const extra = Object.keys(value).filter((key) => !Object.hasOwn(pattern, key));
      require(extra.length === 0, where, `no members besides ${Object.keys(pattern)}`, extra);
      subset(pattern, value, captures, where);
    }
  } else if (type === "array") {
    require(Array.isArray(value) && value.length === pattern.length, where, `${pattern.length} items`, value);
    pattern.forEach((item, index) => match(item, value[index], captures, `${where}[${index}]`));
  } else {
    require(type === typeOf(value) && pattern === value, where, JSON.stringify(pattern), value);
  }
}

function subset(pattern, value, captures, where) {
  require(typeOf(value) === "object", where, "an object", value);
  for (const [key, item] of Object.entries(pattern)) {
    require(Object.hasOwn(value, key), where, `a member "${key}"`, value);
    match(item, value[key], captures, `${where}.${key}`);
  }
}

function array(value, where, least = 0) {
  require(Array.isArray(value) && value.length >= least, where, `an array of ${least} or more`, value);
  return value;
}

function length(value) {
  if (typeof value === "string") return [...value].length;
  if (Array.isArray(value)) return value.length;
  return typeOf(value) === "object" ? Object.keys(value).length : NaN;
}

function jsonl(pattern, value, captures, where) {
  require(typeof value === "string" && value.endsWith("\n"), where, "lines, each ended by a newline", value);
  let items;
  try {
    items = value.slice(0, -1).split("\n").map((line) => JSON.parse(line));
  } catch (error) {
    throw new MismatchError(`${where}: a line is not JSON: ${error.message}`);
  }
  match(pattern, items, captures, `${where}(lines)`);
}

const MATCHERS = {
  $type: (names, value, _, where) =>
    require([names].flat().some((name) => isType(name, value)), where, `type ${names}`, value),
  $any: () => {},
  $regex: (source, value, _, where) =>
    require(typeof value === "string" && new RegExp(source, "u").test(value), where, `/${source}/`, value),
  $len_min: (least, value, _, where) => require(length(value) >= least, where, `length >= ${least}`, value),
  $len_max: (most, value, _, where) => require(length(value) <= most, where, `length <= ${most}`, value),
  $min: (least, value, _, where) =>
    require(typeof value === "number" && value >= least, where, `at least ${least}`, value),
  $subset: subset,
  $contains: (pattern, value, captures, where) =>
    require(array(value, where).some((item) => matches(pattern, item, captures)), where,
      `an item like ${JSON.stringify(pattern)}`, value),
  $each: (pattern, value, captures, where) =>
    array(value, where).forEach((item, index) => match(pattern, item, captures, `${where}[${index}]`)),
  $first: (pattern, value, captures, where) => match(pattern, array(value, where, 1)[0], captures, `${where}[0]`),
  $last: (pattern, value, captures, where) =>
    match(pattern, array(value, where, 1).at(-1), captures, `${where}[${value.length - 1}]`),
  $one_of: (patterns, value, captures, where) =>
    require(patterns.some((item) => matches(item, value, captures)), where,
      `one of ${JSON.stringify(patterns)}`, value),
  $not: (pattern, value, captures, where) =>
    require(!matches(pattern, value, captures), where, `anything but ${JSON.stringify(pattern)}`, value),
  $jsonl: jsonl,
  $capture: (name, value, captures) => {
    captures[name] = value;
  },
};

/** Names of all matchers, sorted. */
export const matcherNames = () => Object.keys(MATCHERS).sort();

function matcher(name) {
  if (!Object.hasOwn(MATCHERS, name)) {
    throw new Error(`unknown matcher ${name}; an object holds matchers or plain members, never both`);
  }
  return MATCHERS[name];
}

function matches(pattern, value, captures) {
  try {
    match(pattern, value, captures);
    return true;
  } catch (error) {
    if (error instanceof MismatchError) return false;
    throw error;
  }
}

function typeOf(value) {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function isType(name, value) {
  return name === "integer" ? Number.isInteger(value) : name === typeOf(value);
}

function require(fits, where, wanted, value) {
  if (fits) return;
  const text = JSON.stringify(value) ?? "undefined";
  throw new MismatchError(`${where}: wanted ${wanted}, got ${text.slice(0, 300)}${text.length > 300 ? "…" : ""}`);
}
