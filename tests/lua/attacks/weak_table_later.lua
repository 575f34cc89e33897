-- expect: a metatable that is in use was given __mode
return { run = function()
  local meta = {}
  local held = setmetatable({}, meta)
  meta.__mode = "k"
  for i = 1, 1000 do held[{}] = i end
end }
