// order.js - documents come from the store with their names sorted; people read a blueprint from its title on. The names are those of the
// book pipelines; what is not named here keeps its place after them.
const ORDER = ["number", "title", "name", "premise", "theme_question", "purpose", "viewpoint", "ending", "world", "place", "time", "rules", "texture", "cast", "role", "weight", "want", "wound", "voice", "scenes", "goal", "conflict", "outcome", "style", "tense", "register", "rhythm", "imagery", "dialogue", "avoid", "titles"];
const rank = (name) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);

export function ordered(value) {
  if (Array.isArray(value)) return value.map(ordered);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => rank(a) - rank(b)).map(([name, inner]) => [name, ordered(inner)]));
}
