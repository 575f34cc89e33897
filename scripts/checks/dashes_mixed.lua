-- dashes_mixed: the same pause drawn by two or three kinds of dash.
return {
  title = "Two kinds of dash", scope = "chapter", thresholds = { least = 3 },
  run = function(it, limits)
    local prose, found = it.reading.prose, {}
    for _, kind in ipairs { { "a hyphen", "%a %- %a" }, { "two hyphens", "%a%-%-%a" }, { "an en dash", "%a – %a" }, { "an em dash", "—" } } do
      local _, n = string.gsub(prose, kind[2], "")
      if n >= limits.least then found[#found + 1] = kind[1] end
    end
    if #found < 2 then return {} end
    return { { problem = "The same pause is " .. table.concat(found, " here and ") .. " there." } }
  end,
}
