local words = require "lib.task_words"

local cases = {}

cases["every language says what a refusal is made of, in small letters, so that none of it is a row that can match nothing"] = function(t)
  local languages = 0
  for language, rows in pairs(words) do
    languages = languages + 1
    for _, kind in ipairs { "cannot", "make", "task" } do t.ok(#(rows[kind] or {}) > 0, language .. " has no row " .. kind) end
    for kind, list in pairs(rows) do
      for _, row in ipairs(list) do
        t.equal(row, text.fold(row), language .. "." .. kind)
        t.equal(row, text.trim(row), language .. "." .. kind)
      end
    end
  end
  t.ok(languages >= 13)
end

return cases
