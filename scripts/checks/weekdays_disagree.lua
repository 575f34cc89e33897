-- weekdays_disagree: "It was Monday" in one chapter and "It was Friday" in another, and the days that were counted between them say otherwise.
local days = { monday = 0, tuesday = 1, wednesday = 2, thursday = 3, friday = 4, saturday = 5, sunday = 6, montag = 0, dienstag = 1, mittwoch = 2,
  donnerstag = 3, freitag = 4, samstag = 5, sonntag = 6 }

local function stated(prose)
  local found, quote
  for _, pattern in ipairs { "[Ii]t was a? ?(%u%l+day)%f[%A]", "[Ee]s war [einm]*%s?(%u%l+)%f[%A]", "[Tt]hat (%u%l+day) " } do
    local at = 1
    while true do
      local first, last, word = string.find(prose, pattern, at)
      if not first then break end
      at = last + 1
      local day = days[text.fold(word)]
      if day and found and found ~= day then return nil end
      if day and not found then found, quote = day, string.sub(prose, first, last) end
    end
  end
  return found, quote
end

return {
  title = "Days of the week", scope = "book", languages = { "en", "de" }, thresholds = { apart = 1 },
  run = function(it, limits)
    local out, known = {}, nil
    for _, chapter in ipairs(it.chapters) do
      local day = chapter.sheet and not chapter.sheet.pending and chapter.sheet.day
      local weekday, quote = nil, nil
      if day then weekday, quote = stated(chapter.prose) end
      if weekday and known then
        local expected = (known.weekday + day - known.day) % 7
        local apart = math.min((weekday - expected) % 7, (expected - weekday) % 7)
        if apart > limits.apart then
          out[#out + 1] = { chapter = chapter.number, quote = text.trim(quote), problem = string.format(
            "By the days that have passed since chapter %d this cannot be that day of the week.", known.chapter) }
        end
      end
      if weekday then known = known or { weekday = weekday, day = day, chapter = chapter.number } end
    end
    return out
  end,
}
