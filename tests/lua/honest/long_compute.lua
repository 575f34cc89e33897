-- A second of computing that can be interrupted passes, slice by slice.
return { run = function()
  local x = 0
  for i = 1, 2e7 do x = (x * 31 + i) % 1000003 end
  return { x = x }
end }
