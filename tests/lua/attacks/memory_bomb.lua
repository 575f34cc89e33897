-- expect: limit: the script needs more memory
return { run = function()
  local t = {}
  for i = 1, 1e9 do t[i] = { i } end
end }
