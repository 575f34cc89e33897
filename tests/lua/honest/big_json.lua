return { run = function()
  local t = {}
  for i = 1, 20000 do t[i] = { id = i, name = "n" .. i } end
  local s = json.encode(t)
  return { back = #json.decode(s), bytes = #s }
end }
