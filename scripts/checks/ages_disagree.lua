-- ages_disagree: somebody who is thirty-four in one chapter and forty in another.
local units = { one = 1, two = 2, three = 3, four = 4, five = 5, six = 6, seven = 7, eight = 8, nine = 9, ten = 10, eleven = 11, twelve = 12, thirteen = 13,
  fourteen = 14, fifteen = 15, sixteen = 16, seventeen = 17, eighteen = 18, nineteen = 19, twenty = 20, thirty = 30, forty = 40, fifty = 50, sixty = 60,
  seventy = 70, eighty = 80, ninety = 90 }

local function number_of(word)
  local folded = text.fold(word)
  if tonumber(folded) then return math.tointeger(tonumber(folded)) end
  local ten, one = string.match(folded, "^(%a+)-(%a+)$")
  if ten and units[ten] and units[one] then return units[ten] + units[one] end
  return units[folded]
end

-- Each pattern gives a name and a number, or (`turned`) a number and a name.
local patterns = {
  { "(%u%l+) was ([%w-]+) years old" }, { "(%u%l+) is ([%w-]+) years old" }, { "(%u%l+), ([%w-]+) years old" }, { "(%u%l+), aged ([%w-]+)" },
  { "([%w-]+)%-year%-old (%u%l+)", turned = true }, { "(%u%l+) war ([%w-]+) Jahre alt" }, { "(%u%l+) ist ([%w-]+) Jahre alt" },
}

return {
  title = "Ages that disagree", scope = "book", languages = { "en", "de" }, thresholds = { apart = 2 },
  run = function(it, limits)
    local out, known = {}, {}
    for _, chapter in ipairs(it.chapters) do
      for _, pattern in ipairs(patterns) do
        local at = 1
        while true do
          local first, last, a, b = string.find(chapter.prose, pattern[1], at)
          if not first then break end
          at = last + 1
          local name, age = pattern.turned and b or a, number_of(pattern.turned and a or b)
          local before = known[name]
          if age and before and math.abs(before.age - age) > limits.apart and name ~= "He" and name ~= "She" and name ~= "It" then
            out[#out + 1] = { chapter = chapter.number, quote = string.sub(chapter.prose, first, last),
              problem = string.format("%s is %d years old here, and %d in chapter %d.", name, age, before.age, before.chapter) }
          elseif age and not before then
            known[name] = { age = age, chapter = chapter.number }
          end
        end
      end
    end
    return out
  end,
}
