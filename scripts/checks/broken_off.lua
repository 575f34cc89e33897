-- broken_off: a scene that ends in the middle of a sentence.
local paragraphs = require "lib.paragraphs"

return {
  title = "Broken off", scope = "scene",
  run = function(it)
    if paragraphs.complete(it.reading.prose) then return {} end
    return { { certain = true, problem = "The scene breaks off in the middle of a sentence." } }
  end,
}
