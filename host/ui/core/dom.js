// dom.js - says what a part of the page shows, and makes the page like it.
//
//   patch(element, [h("h2", null, book.title), h("p", {class: "quiet"}, book.words, " words")])
//
// h describes; patch compares with what was drawn there last and changes only what differs, so the focus, a selection and what somebody is
// typing survive an update. Text only ever becomes text nodes, values only attributes or properties: nothing here parses markup, so a
// model's words cannot become code. Nor can its JSON: only h makes descriptions, and an object from elsewhere (where a name was hoped for)
// is shown as the text that it is.
//
// Props: attributes by their names; "on..." a listener; `class` a string or a list with gaps; `style` an object of custom properties (set
// through the object model, which the page's policy allows); `key` tells siblings apart when their order changes; `ref` is called with the
// node once it is made. A custom element gets its props as properties and draws itself. null, false and "" children are left out.

const SVG = "http://www.w3.org/2000/svg";
const AS_PROPERTY = new Set(["value", "checked", "indeterminate", "srcObject", "muted"]);
const AS_ATTRIBUTE = /^(class|id|role|hidden|slot|tabindex|title|lang|aria-.*|data-.*)$/;
const drawn = new WeakMap(); // node -> the descriptions that its children were made from

class Description {
  node = null;
  constructor(tag, props, children, text) {
    Object.assign(this, { tag, props, children, text });
  }
}

export function h(tag, props, ...children) {
  return new Description(tag, props ?? {}, flat(children), "");
}

const asText = (value) => new Description(null, {}, [], typeof value === "object" ? JSON.stringify(value) : String(value));

function flat(children) {
  const list = [];
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === true || child === "") continue;
    list.push(child instanceof Description ? child : asText(child));
  }
  return list;
}

// ---- one node

function setProp(node, name, value, custom) {
  if (name.startsWith("on")) {
    node[name] = value ?? null;
  } else if (name === "class") {
    const text = Array.isArray(value) ? value.filter(Boolean).join(" ") : value;
    if (text) node.setAttribute("class", text);
    else node.removeAttribute("class");
  } else if (name === "style") {
    for (const [property, of] of Object.entries(value ?? {})) node.style.setProperty(property, of);
  } else if (AS_PROPERTY.has(name) || (custom && !AS_ATTRIBUTE.test(name))) {
    node[name] = value;
  } else if (value === null || value === undefined || value === false) {
    node.removeAttribute(name);
  } else {
    node.setAttribute(name, value === true ? "" : value);
  }
}

const same = (a, b) => a === b || (typeof a === "object" && JSON.stringify(a) === JSON.stringify(b) && !(a instanceof Node));

function setProps(node, before, props) {
  const custom = node.localName.includes("-");
  for (const name in before) if (!(name in props)) setProp(node, name, null, custom);
  for (const name in props) {
    if (name === "key" || name === "ref" || name === "value") continue;
    if (!(name in before) || (custom ? before[name] !== props[name] : !same(before[name], props[name]))) setProp(node, name, props[name], custom);
  }
}

// A select takes its value only once its options are there, and again when others come.
function setValue(node, before, props, others = false) {
  if ("value" in props && (before.value !== props.value || (others && node.localName === "select"))) node.value = props.value ?? "";
}

function make(description, space) {
  if (description.tag === null) return document.createTextNode(description.text);
  const inSvg = space === SVG || description.tag === "svg";
  const node = inSvg ? document.createElementNS(SVG, description.tag) : document.createElement(description.tag);
  setProps(node, {}, description.props);
  if (!description.tag.includes("-")) fill(node, [], description.children, inSvg ? SVG : null);
  setValue(node, {}, description.props);
  description.props.ref?.(node);
  return node;
}

function renew(node, before, description) {
  if (description.tag === null) {
    if (before.text !== description.text) node.data = description.text;
    return;
  }
  setProps(node, before.props, description.props);
  if (!description.tag.includes("-")) fill(node, before.children, description.children, node.namespaceURI === SVG ? SVG : null);
  setValue(node, before.props, description.props, before.children.length !== description.children.length);
}

// ---- the children of a node

// What was drawn for each new child: the one of its key, else the next one without a key and of its tag.
function matcher(before) {
  const keyed = new Map(), rest = [];
  for (const old of before) {
    if (old.props.key === undefined) rest.push(old);
    else keyed.set(`${old.tag} ${old.props.key}`, old);
  }
  return (description) => {
    if (description.props.key !== undefined) {
      const name = `${description.tag} ${description.props.key}`, old = keyed.get(name);
      keyed.delete(name);
      return old;
    }
    const at = rest.findIndex((old) => old.tag === description.tag);
    return at < 0 ? undefined : rest.splice(at, 1)[0];
  };
}

function fill(parent, before, children, space) {
  const match = matcher(before);
  const matched = children.map(match), kept = new Set(matched);
  for (const old of before) if (!kept.has(old)) old.node.remove();
  let cursor = parent.firstChild;
  children.forEach((description, i) => {
    const old = matched[i];
    if (old) renew(old.node, old, description);
    description.node = old ? old.node : make(description, space);
    if (description.node === cursor) cursor = cursor.nextSibling;
    else parent.insertBefore(description.node, cursor);
  });
}

export function patch(parent, ...children) {
  const before = drawn.get(parent);
  if (!before) parent.replaceChildren();
  const next = flat(children);
  fill(parent, before ?? [], next, parent.namespaceURI === SVG ? SVG : null);
  drawn.set(parent, next);
}
