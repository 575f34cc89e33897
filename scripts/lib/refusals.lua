-- lib/refusals.lua: answers that refuse where prose was asked for. Such an answer is never prose: lib/calls.lua asks the role's next model.
local talk = require "lib.task_talk"

local refusals = {}

local longest = 1200     -- characters of a refusal with its reasons and choices; a scene is longer
local much, share = 400, 0.4 -- of so many words that were asked for, so great a part is no refusal any more

--- Does an answer refuse? "certain" or "possible", and its words, shortened for messages; nil for prose.
--- `max_words`: how much was asked for, when that is known.
function refusals.of(answer, max_words)
  local said = text.trim(answer)
  if said == "" or text.length(said) > longest then return nil end
  if max_words and max_words >= much and text.words(said) > max_words * share then return nil end
  local grade = talk.refusal(said)
  if not grade then return nil end
  return grade, text.first_words(said, 30)
end

return refusals
