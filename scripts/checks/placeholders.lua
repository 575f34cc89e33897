-- placeholders: holes that a writer meant to fill.
local holes = { "[insert", "[todo", "[placeholder", "[name]", "[continue", "[...]", "[…]", "lorem ipsum", "{{", "tk tk", "[tbd", "xxx]" }

return {
  title = "Placeholders", scope = "scene",
  run = function(it)
    local folded = text.fold(it.reading.prose)
    for _, hole in ipairs(holes) do
      if string.find(folded, hole, 1, true) then
        return { { certain = true, problem = "The scene has a hole where text should be: \"" .. hole .. "\"." } }
      end
    end
    return {}
  end,
}
