-- task_talk: words about the task instead of the story. What certainly is none of the story never gets here (lib/remarks.lua).
local remarks = require "lib.remarks"

local asides = { "as an ai", "language model", "to be continued", "in the next scene", "in the next chapter", "word budget", "word count" }

return {
  title = "Talk about the task", scope = "scene",
  run = function(it)
    local folded, aside = text.fold(it.reading.prose), nil
    for _, phrase in ipairs(asides) do
      if string.find(folded, phrase, 1, true) then aside = aside or phrase end
    end
    aside = aside or remarks.suspected(it.reading.prose)
    if not aside then return {} end
    return { { problem = "Somebody may be talking about the task: \"" .. aside .. "\"." } }
  end,
}
