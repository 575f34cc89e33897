-- expect: a metatable that is in use was given __mode
-- Its metatable has one of its own, which hears of no new field: it is found before anything leaves the run.
return { run = function()
  local meta = setmetatable({}, { __newindex = function() error("not for __mode") end, __index = {} })
  local held = setmetatable({}, meta)
  setmetatable(meta, nil)
  setmetatable(meta, { __call = function() end })
  meta.__mode = "k"
  pcall(error)
  artifact.put("weak.md", tostring(held))
end }
