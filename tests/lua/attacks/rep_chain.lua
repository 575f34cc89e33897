-- expect: limit
return { run = function()
  local s = "x"
  while true do s = s:rep(1000) end
end }
