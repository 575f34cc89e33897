-- told_too_early: the words of a secret before the chapter in which the reader may learn it (secrets.json). In other words it is for the judge who
-- reads a whole act (lib/musts.lua).
local secrets = require "lib.secrets"

return {
  title = "Told too early", scope = "scene", reads = { "text", "secrets" },
  run = function(it)
    local out = {}
    for _, leak in ipairs(secrets.leaks(it.secrets or {}, it.reading.prose, it.number)) do
      out[#out + 1] = { certain = true, quote = leak.quote,
        problem = "The reader may not learn this yet (" .. leak.secret .. "); neither say it nor hint at it." }
    end
    return out
  end,
}
