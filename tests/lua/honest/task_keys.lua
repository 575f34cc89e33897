-- Keys that are used again in a later round, and keys of any letters: each task is a place of its own in the journal.
return { run = function()
  local keys = { "TCP/IP", "C#", "灯台の時計を直す人の名前がとても長くて普通の鍵には入りきらないのでどこかで切られるはずの名前その一", "\t",
    "灯台の時計を直す人の名前がとても長くて普通の鍵には入りきらないのでどこかで切られるはずの名前その二", "plain" }
  for round = 1, 3 do
    local seen = task.map(keys, function(key)
      return step("echo", key, function(k) return k end)
    end, { key = function(key) return key end })
    for i, key in ipairs(keys) do assert(seen[i] == key, "round " .. round) end
  end
  return 5000
end }
