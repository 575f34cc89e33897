-- scene_language: a scene that is written in another language than the book.
local tongue = require "lib.tongue"

return {
  title = "Another language", scope = "scene",
  run = function(it)
    local other = it.language and tongue.other(it.reading.prose, it.language)
    if not other then return {} end
    return { { certain = true, problem = string.format("The scene is written in %s, and the book in %s.", other, it.language.name) } }
  end,
}
