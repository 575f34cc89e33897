-- language_drift: a paragraph in another language in a chapter that is not. A whole scene is what scene_language sees.
local tongue = require "lib.tongue"

return {
  title = "A paragraph in another language", scope = "chapter", thresholds = { most = 2 },
  run = function(it, limits)
    local out = {}
    if not it.language then return out end
    for _, paragraph in ipairs(it.reading:paragraphs()) do
      if #paragraph > 150 and #out < limits.most then
        local other = tongue.other(paragraph, it.language)
        if other then
          out[#out + 1] = { quote = it.reading.cut_quote(paragraph), problem = string.format("This paragraph is written in %s, and the book in %s.",
            other, it.language.name) }
        end
      end
    end
    return out
  end,
}
