-- continuity: a judge who knows the story: the plan, the facts, what was told so far, and the chapter before.
return {
  title = "Continuity", kind = "model", scope = "chapter", sees = "story", most = 6, reads = { "text", "plan", "state" },
  look_for = [[
- against the plan, the bible or the story so far: who is where, holds what, knows what, is alive; what day it is; names
- what somebody knows that nobody has told him, or a secret that is told too early
- a scene whose outcome does not happen on the page
- what the author has asked for and the chapter does not do]],
}
