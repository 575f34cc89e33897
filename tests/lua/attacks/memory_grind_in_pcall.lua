-- expect: limit: the script needs more memory
-- A script that catches "not enough memory" and tries again makes every allocation a full collection.
return { run = function()
  local t = {}
  while true do pcall(function() for i = 1, 1e6 do t[#t + 1] = { i, tostring(i) } end end) end
end }
